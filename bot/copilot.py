"""What the edges may ask for. Each method commits its rows in one transaction, then wakes the lifecycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.announcements import announce_incident, announce_proposal, announce_summary, announce_text
from bot.domain.alert import Alert, Decision, Kind, Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.records import NewProposal
from bot.domain.store import Store, Tx
from bot.domain.tool import ToolKind
from bot.errors import Refused
from bot.in_force import InForce
from bot.membership import note_membership
from bot.sign_off.quorum import N3, Judgement, may_be_signed_now, may_sign, valid_signers
from bot.triage.decide import Memory, Rules, decide
from bot.triage.fingerprint import fingerprint

MAX_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Overview:
    """What `/vigie status` shows."""

    open_incidents: Sequence[Incident]
    waiting: Sequence[Proposal]
    frozen_by: str


class Copilot:
    """The core of Vigie. All methods are synchronous and short; call them in a thread."""

    def __init__(
        self, store: Store, in_force: InForce, membership: Membership, rules: Rules, wake: Wake
    ) -> None:
        self._store = store
        self._in_force = in_force
        self._membership = membership
        self._rules = rules
        self._wake = wake

    def receive(self, alerts: Sequence[Alert], delivery: str = "") -> list[Decision]:
        """Store deliveries and decide on each; when this returns they are committed.

        `delivery` is the signature they came under, if any: what comes under it again has no effect.
        """
        with self._store.begin() as tx:
            if delivery and not tx.inbox.accept(f"delivery:{delivery}", "delivery", {}):
                return []
            decisions = [self._receive_one(tx, alert) for alert in alerts]
        self._wake("receive", "")
        return decisions

    def count_refused(self, reason: str) -> None:
        """A delivery was refused; nothing of it is kept but this count."""
        with self._store.begin() as tx:
            tx.alerts.count(f"refused:{reason}")

    def keep(self, key: str, kind: str, payload: Mapping[str, object]) -> bool:
        """Keep what a person did under its key; False when it came before and must have no effect again."""
        with self._store.begin() as tx:
            return tx.inbox.accept(key, kind, payload)

    def ask(self, key: str, question: Mapping[str, object]) -> bool:
        """Keep a question; it is answered where it was asked, even after a restart."""
        fresh = self.keep(key, "ask", question)
        self._wake("answer", key)
        return fresh

    def overview(self) -> Overview:
        """What is open, what waits for a signature, and whether execution is frozen."""
        with self._store.read() as tx:
            freeze = tx.n3.freeze()
            waiting = tx.proposals.in_states(ProposalState.PROPOSED)
            return Overview(tx.incidents.open_now(), waiting, freeze.by if freeze else "")

    def propose_remedy(self, person: Person, incident_id: int, round_: int, index: int) -> Proposal:
        """Propose a remedy of the diagnosis that the person saw; the record says what it is, not the button.

        Raises:
            Refused: the diagnosis is a newer one by now, or the incident is over.
            ArgumentRefused, CatalogueError: the remedy does not fit the catalogue that is in force.
        """
        with self._store.begin() as tx:
            diagnosis = tx.diagnoses.latest(incident_id)
            if diagnosis is None or tx.diagnoses.last_round(incident_id) != round_:
                raise Refused("There is a newer diagnosis; look at its remedies.")
            if not 0 <= index < len(diagnosis.remedies):
                raise Refused("The diagnosis has no such remedy.")
            remedy = diagnosis.remedies[index]
            proposal = self._propose(tx, person, incident_id, remedy.tool, remedy.arguments, remedy.why)
        self._wake("prepare", str(proposal.id))
        return proposal

    def propose_undo(self, person: Person, proposal_id: int) -> Proposal:
        """Propose the undo that was signed together with an action.

        Raises:
            Refused: the action has not run, or has no undo.
        """
        with self._store.begin() as tx:
            done = self._proposal(tx, proposal_id)
            ran = done.state in (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
            undo = done.plan.get("undo") if done.plan else None
            if not ran or not isinstance(undo, Mapping) or "tool" not in undo:
                raise Refused(f"{done.label} has nothing to undo.")
            arguments = undo["arguments"]
            assert isinstance(arguments, Mapping)
            why = f"Takes back {done.label}."
            proposal = self._propose(tx, person, done.incident_id, str(undo["tool"]), arguments, why, done.id)
        self._wake("prepare", str(proposal.id))
        return proposal

    def sign(self, person: Person, proposal_id: int, shown_digest: str) -> Judgement:
        """Sign what was shown; with enough signatures it will run. The answer's reason is for the person.

        Raises:
            MembershipUnknown: who is N3 cannot be read, so nobody may sign.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = self._proposal(tx, proposal_id)
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            frozen = tx.n3.freeze() is not None
            for judgement in (
                may_sign(proposal, person, n3, policy, tx.now),
                may_be_signed_now(proposal, shown_digest, frozen, tx.now),
            ):
                if not judgement.allowed:
                    self._audit_refusal(tx, person, "sign", proposal.label, judgement.reason)
                    return judgement
            if not tx.proposals.sign(SignOff(proposal_id, person, proposal.digest, True, tx.now)):
                return Judgement(False, f"You have signed {proposal.label} already; it counts once.")
            tx.audit.append(person.key, "signed", proposal.label, {"digest": proposal.digest})
            answer = self._count_signatures(tx, proposal, n3)
            announce_proposal(tx, proposal)
        self._wake("execute", str(proposal_id))
        return answer

    def may_open_sign(self, person: Person, proposal_id: int) -> tuple[Judgement, Proposal]:
        """Whether this person may be shown the modal to sign; refusals are audited.

        Raises:
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = self._proposal(tx, proposal_id)
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            judgement = may_sign(proposal, person, n3, policy, tx.now)
            if judgement.allowed:
                frozen = tx.n3.freeze() is not None
                judgement = may_be_signed_now(proposal, proposal.digest, frozen, tx.now)
            if not judgement.allowed:
                self._audit_refusal(tx, person, "open to sign", proposal.label, judgement.reason)
            return judgement, proposal

    def reject(self, person: Person, proposal_id: int, reason: str = "") -> Judgement:
        """Reject a proposal that has not started: any N3 may, and its proposer; it wins over signatures."""
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = self._proposal(tx, proposal_id)
            note_membership(tx, current, self._in_force.policy(tx))
            if person not in current and person != proposal.proposer:
                refusal = Judgement(False, "Only N3 or its proposer may reject a proposal.")
                self._audit_refusal(tx, person, "reject", proposal.label, refusal.reason)
                return refusal
            waiting = (ProposalState.PROPOSED, ProposalState.SIGNED)
            said = f"Rejected by <@{person.user_id}>." + (f" {reason}" if reason else "")
            if not tx.proposals.move(proposal_id, waiting, ProposalState.REJECTED, reason=said):
                return Judgement(False, f"{proposal.label} is {proposal.state.value} already.")
            tx.proposals.sign(SignOff(proposal_id, person, proposal.digest, False, tx.now, reason))
            tx.audit.append(person.key, "rejected", proposal.label, {"reason": reason})
            announce_proposal(tx, proposal)
        return Judgement(True, f"{proposal.label} is rejected.")

    def freeze(self, actor: str, reason: str = "") -> None:
        """From this commit on nothing new is executed; anyone may do it."""
        with self._store.begin() as tx:
            tx.n3.set_freeze(actor, reason)
            event = tx.audit.append(actor, "frozen", "freeze", {"reason": reason})
            running = tx.proposals.in_states(ProposalState.EXECUTING)
            still = f" Still running: {', '.join(p.label for p in running)}." if running else ""
            text = f":lock: *Execution is frozen* by {_who(actor)}.{still}"
            announce_text(tx, f"freeze:{event.seq}", f"{text} An N3 lifts it with `/vigie unfreeze`.")

    def unfreeze(self, person: Person) -> Judgement:
        """Lift every freeze; only N3 may."""
        current = self._membership.n3()
        with self._store.begin() as tx:
            n3 = note_membership(tx, current, self._in_force.policy(tx))
            if person not in n3.since:
                refusal = Judgement(False, "Only N3 may lift a freeze.")
                self._audit_refusal(tx, person, "unfreeze", "freeze", refusal.reason)
                return refusal
            if not tx.n3.lift_freezes(person.key):
                return Judgement(False, "Nothing is frozen.")
            event = tx.audit.append(person.key, "unfrozen", "freeze")
            announce_text(tx, f"freeze:{event.seq}", f":unlock: The freeze was lifted by {_who(person.key)}.")
        self._wake("execute", "")
        return Judgement(True, "The freeze is lifted.")

    def open_incident(self, person: Person, title: str, service: str, environment: str) -> Incident:
        """An incident by hand."""
        with self._store.begin() as tx:
            incident = tx.incidents.open_by_hand(title, service, environment, Severity.WARNING)
            tx.incidents.start_round(incident.id, 0)
            tx.audit.append(person.key, "opened", f"incident {incident.label}", {"title": title})
            announce_incident(tx, incident.id)
        self._wake("investigate", str(incident.id))
        return incident

    def take(self, person: Person, incident_id: int) -> None:
        """The person has it from now on."""
        with self._store.begin() as tx:
            tx.incidents.assign(incident_id, person.key)
            tx.audit.append(person.key, "took", f"incident #{incident_id}")
            announce_incident(tx, incident_id)

    def resolve(self, person: Person, incident_id: int) -> bool:
        """A person says that it is over; False when it was over before."""
        with self._store.begin() as tx:
            moved = self._resolve(tx, incident_id, person.key)
        self._wake("resolve", str(incident_id))
        return moved

    def confirm_summary(self, person: Person, incident_id: int, text: str) -> bool:
        """A person confirms what was learned; only then it enters the knowledge base."""
        with self._store.begin() as tx:
            confirmed = tx.summaries.confirm(incident_id, text, person.key)
            if confirmed:
                tx.incidents.move(incident_id, IncidentState.CLOSED)
                tx.audit.append(person.key, "confirmed the summary", f"incident #{incident_id}")
                announce_summary(tx, incident_id)
                announce_incident(tx, incident_id)
        self._wake("learn", str(incident_id))
        return confirmed

    def expire_due(self) -> None:
        """Proposals whose time to sign or to execute is over; nothing is ever signed by waiting."""
        waiting = (ProposalState.PROPOSED, ProposalState.SIGNED)
        with self._store.read() as tx:
            due = [proposal for proposal in tx.proposals.in_states(*waiting) if _is_due(proposal, tx)]
        for proposal in due:
            with self._store.begin() as tx:
                what = "execute" if proposal.state is ProposalState.SIGNED else "sign"
                reason = f"The time to {what} it is over. Propose it again if it is still wanted."
                if tx.proposals.move(proposal.id, (proposal.state,), ProposalState.EXPIRED, reason=reason):
                    tx.audit.append("vigie", "expired", proposal.label, {"reason": reason})
                    announce_proposal(tx, proposal)

    def _receive_one(self, tx: Tx, alert: Alert) -> Decision:
        mark = fingerprint(alert)
        series = tx.alerts.series(mark)
        decision = decide(alert, Memory(series, tx.incidents.open_now()), self._rules, tx.now)
        incident_id = decision.incident
        if decision.kind is Kind.OPENED:
            title = alert.summary or alert.name
            incident = tx.incidents.open(alert, title, series.incident if series else None)
            incident_id = incident.id
            tx.incidents.start_round(incident.id, 0)
            tx.audit.append("vigie", "opened", f"incident {incident.label}", {"reason": decision.reason})
        tx.alerts.add(alert, mark, decision, incident_id)
        if incident_id is None:
            return decision
        if decision.kind is Kind.RESOLVED:
            if tx.alerts.firing(incident_id) == 0:
                self._resolve(tx, incident_id, "source")
        else:
            tx.incidents.joined(incident_id, alert.severity)
            self._look_again(tx, incident_id, decision, seen_before=series is not None)
        announce_incident(tx, incident_id)
        return decision

    def _look_again(self, tx: Tx, incident_id: int, decision: Decision, seen_before: bool) -> None:
        """A new kind of alert in an open incident is a reason to investigate once more, within bounds."""
        incident = tx.incidents.get(incident_id)
        assert incident is not None
        if decision.kind is Kind.JOINED and not seen_before and incident.rounds < MAX_ROUNDS:
            tx.incidents.start_round(incident_id, incident.rounds)

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
            if not other.state.is_over and (other.tool, dict(other.arguments)) == (tool, checked):
                raise Refused(f"{tool} is proposed already as {other.label}.")
        rule = self._in_force.policy(tx).rule(found.risk)
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
            {"tool": tool, "arguments": checked, "incident": incident_id},
        )
        announce_proposal(tx, proposal)
        return proposal

    def _count_signatures(self, tx: Tx, proposal: Proposal, n3: N3) -> Judgement:
        policy = self._in_force.policy(tx)
        given = tx.proposals.sign_offs(proposal.id)
        count = len(valid_signers(proposal, given, n3, policy, tx.now))
        if count < proposal.signatures_needed:
            missing = proposal.signatures_needed - count
            return Judgement(True, f"You signed {proposal.label}; {missing} more signature(s) needed.")
        execute_by = tx.now + policy.rule(proposal.risk).time_to_execute
        tx.proposals.move(proposal.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=execute_by)
        return Judgement(True, f"You signed {proposal.label}; it runs now.")

    def _resolve(self, tx: Tx, incident_id: int, by: str) -> bool:
        moved = tx.incidents.move(incident_id, IncidentState.RESOLVED, by)
        if moved:
            tx.audit.append(by, "resolved", f"incident #{incident_id}")
            announce_incident(tx, incident_id)
        return moved

    def _proposal(self, tx: Tx, proposal_id: int) -> Proposal:
        proposal = tx.proposals.get(proposal_id)
        if proposal is None:
            raise Refused(f"There is no proposal P{proposal_id}.")
        return proposal

    def _audit_refusal(self, tx: Tx, person: Person, what: str, subject: str, reason: str) -> None:
        tx.audit.append(person.key, f"refused to {what}", subject, {"reason": reason})


def _is_due(proposal: Proposal, tx: Tx) -> bool:
    if proposal.state is ProposalState.SIGNED:
        return proposal.execute_by is not None and tx.now >= proposal.execute_by
    return tx.now >= proposal.sign_by


def _who(actor: str) -> str:
    return f"<@{Person.from_key(actor).user_id}>" if "/" in actor else actor


__all__ = ["Copilot", "Overview"]
