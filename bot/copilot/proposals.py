"""Proposing: a person chooses an action of the catalogue; the record, not the button, says what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.announcements import announce_proposal, announce_undo_proposed
from bot.copilot.by_hand import open_by_hand
from bot.copilot.part import Part, proposal_of
from bot.domain.by_hand import MOST_TITLE, Report
from bot.domain.evidence import Evidence
from bot.domain.grounds import outdated
from bot.domain.incident import IncidentState
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import NewProposal
from bot.domain.store import Tx
from bot.domain.tool import ToolKind
from bot.errors import Refused
from bot.following import expire


@dataclass(frozen=True, slots=True)
class Place:
    """Where an action is wanted: an incident, or None and the service whose incident is opened with it."""

    incident_id: int | None = None
    service: str = ""
    environment: str = ""


class Proposals(Part):
    """Proposals until they are signed."""

    def propose_remedy(
        self,
        person: Person,
        incident_id: int,
        round_: int,
        index: int,
        event: str = "",
        why_outdated: Callable[[Evidence], str] = lambda _: "",
    ) -> Proposal:
        """Propose a remedy of the diagnosis that the person saw; the record says what it is, not the button.

        `why_outdated` says of a cited document why it does not count any more.
        Raises:
            Refused: the diagnosis is a newer one by now, the incident is over, or what the remedy rests on
                does not count any more.
            ArgumentRefused, CatalogueError: the remedy does not fit the catalogue that is in force.
        """
        with self._once(event) as tx:
            diagnosis = tx.diagnoses.latest(incident_id)
            if diagnosis is None or tx.diagnoses.last_round(incident_id) != round_:
                raise Refused("There is a newer diagnosis; look at its remedies.")
            if not 0 <= index < len(diagnosis.remedies):
                raise Refused("The diagnosis has no such remedy.")
            remedy = diagnosis.remedies[index]
            reason = outdated(remedy, tx.diagnoses.evidence(incident_id), why_outdated)
            if reason:
                again = "Read it; what is still right can be proposed with `/vigie run`."
                raise Refused(f"{remedy.tool} is not proposed: {reason}. {again}")
            proposal = self._propose(tx, person, incident_id, remedy.tool, remedy.arguments, remedy.why)
        self._wake("prepare", str(proposal.id))
        return proposal

    def propose_undo(self, person: Person, proposal_id: int, event: str = "") -> Proposal:
        """Propose the undo that was signed together with an action.

        Raises:
            Refused: the action has not run, or has no undo.
        """
        with self._once(event) as tx:
            done = proposal_of(tx, proposal_id)
            if done.undo_of is not None:
                raise Refused(f"{done.label} is an undo itself; propose the action that is wanted instead.")
            ran = done.state in (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
            undo = done.plan.get("undo") if done.plan else None
            if not ran or not isinstance(undo, Mapping) or "tool" not in undo:
                raise Refused(f"{done.label} has nothing to undo.")
            arguments = undo["arguments"]
            assert isinstance(arguments, Mapping)
            why = f"Takes back {done.label}."
            proposal = self._propose(tx, person, done.incident_id, str(undo["tool"]), arguments, why, done.id)
            announce_undo_proposed(tx, done)
        self._wake("prepare", str(proposal.id))
        return proposal

    def propose_again(self, person: Person, proposal_id: int, event: str = "") -> Proposal:
        """Propose the same once more, as a proposal of its own with a new proposer.

        Raises:
            Refused: it waits, runs, or may have taken effect.
            ArgumentRefused, CatalogueError: it does not fit the catalogue that is in force any more.
        """
        with self._once(event) as tx:
            old = proposal_of(tx, proposal_id)
            if old.undo_of is not None:
                raise Refused(f"{old.label} was an undo; propose the undo of P{old.undo_of} instead.")
            why = f"{old.label} once more: {old.why}"
            proposal = self._propose(tx, person, old.incident_id, old.tool, old.arguments, why)
        self._wake("prepare", str(proposal.id))
        return proposal

    def propose_by_form(
        self,
        person: Person,
        tool: str,
        place: Place,
        arguments: Mapping[str, object],
        why: str,
        event: str = "",
    ) -> Proposal:
        """Propose what a person has filled in, for an incident or for one that is opened with it.

        Raises:
            Refused: the incident is over, or the same is proposed already.
            ArgumentRefused, CatalogueError: it does not fit the catalogue that is in force.
        """
        with self._once(event) as tx:
            incident_id = place.incident_id
            if incident_id is None:
                report = Report(why[:MOST_TITLE], place.service, place.environment)
                opened = open_by_hand(tx, person, report)
                tx.incidents.assign(opened.id, person.key)
                incident_id = opened.id
            proposal = self._propose(tx, person, incident_id, tool, arguments, why)
        self._wake("prepare", str(proposal.id))
        return proposal

    def edit(
        self, person: Person, proposal_id: int, arguments: Mapping[str, object], why: str, event: str = ""
    ) -> Proposal:
        """Other arguments make another proposal, and whoever chose them is its proposer; the old one is over.

        Raises:
            Refused: it does not wait for signatures any more, is an undo, or nothing was changed.
            ArgumentRefused, CatalogueError: the arguments do not fit the catalogue that is in force.
        """
        with self._once(event) as tx:
            old = editable(tx, proposal_id)
            proposal = self._propose(tx, person, old.incident_id, old.tool, arguments, why)
            reason = f"Replaced by {proposal.label}, with other arguments."
            waiting, over = (ProposalState.PROPOSED,), ProposalState.REJECTED
            tx.proposals.move(old.id, waiting, over, reason=reason, replaced_by=proposal.id)
            tx.audit.append(person.key, "replaced", old.label, {"by": proposal.label})
            announce_proposal(tx, old)
        self._wake("prepare", str(proposal.id))
        return proposal

    def expire_due(self) -> None:
        """Proposals whose time to sign or to execute is over; nothing is ever signed by waiting."""
        waiting = (ProposalState.PROPOSED, ProposalState.SIGNED)
        with self._store.read() as tx:
            due = [proposal for proposal in tx.proposals.in_states(*waiting) if _is_due(proposal, tx)]
        for proposal in due:
            with self._store.begin() as tx:
                what = "execute" if proposal.state is ProposalState.SIGNED else "sign"
                reason = f"The time to {what} it is over. Propose it again if it is still wanted."
                expire(tx, proposal, reason)

    def _propose(
        self,
        tx: Tx,
        person: Person,
        incident_id: int,
        tool: str,
        arguments: Mapping[str, object],
        why: str,
        undo_of: int | None = None,
    ) -> Proposal:
        incident = tx.incidents.get(incident_id)
        if incident is None or incident.state is IncidentState.CLOSED:
            raise Refused("The incident is closed.")
        found, checked = self._in_force.check(tx, incident, tool, arguments)
        if found.kind is not ToolKind.ACTION:
            raise Refused(f"{tool} only reads; checks need no proposal.")
        for other in tx.proposals.of_incident(incident_id):
            if (other.tool, dict(other.arguments)) != (tool, checked):
                continue
            if not other.state.is_over:
                raise Refused(f"{tool} is proposed already as {other.label}.")
            if other.state is ProposalState.UNKNOWN:
                raise Refused(f"{other.label} may have taken effect; N3 has to settle that first.")
        rule = self._in_force.policy(tx).rule(found.risk, incident.environment, incident.service)
        proposal = tx.proposals.add(
            NewProposal(
                incident_id,
                tool,
                checked,
                person,
                found.risk,
                rule.signatures,
                rule.time_to_sign,
                why,
                undo_of,
            )
        )
        tx.audit.append(
            person.key,
            "proposed",
            proposal.label,
            {"tool": tool, "arguments": checked, "incident": incident_id, "why": why, "undo_of": undo_of},
        )
        announce_proposal(tx, proposal)
        return proposal


def editable(tx: Tx, proposal_id: int) -> Proposal:
    """The proposal, if its arguments may be changed by making another of it.

    Raises:
        Refused: it does not wait for signatures any more, or is an undo that was signed as it is.
    """
    found = proposal_of(tx, proposal_id)
    if found.state is not ProposalState.PROPOSED:
        raise Refused(f"{found.label} is {found.state.value} already; propose anew what is wanted.")
    if found.undo_of is not None:
        raise Refused(f"{found.label} takes back P{found.undo_of} as it was signed; it cannot be edited.")
    return found


def _is_due(proposal: Proposal, tx: Tx) -> bool:
    if proposal.state is ProposalState.SIGNED:
        return proposal.execute_by is not None and tx.now >= proposal.execute_by
    return tx.now >= proposal.sign_by
