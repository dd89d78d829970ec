"""What people do with an action that runs, or of which nobody saw the end: stop, look again, settle."""

from __future__ import annotations

from dataclasses import replace

from bot.announcements import announce_freeze_again, announce_proposal
from bot.copilot.aftermath import Aftermath, aftermath_of
from bot.copilot.part import Part, proposal_of, refusal
from bot.domain.person import Person
from bot.domain.proposal import Execution, Proposal, ProposalState, Settlement
from bot.domain.store import Tx
from bot.errors import Refused
from bot.following import follow
from bot.membership import note_membership
from bot.sign_off.quorum import Judgement, may_speak_for_n3
from bot.sign_off.reasons import MIN_REASON, is_reason


class Running(Part):
    """Actions under way, and those that were left in the dark."""

    def stop(self, person: Person, proposal_id: int, event: str = "") -> Judgement:
        """Want a running action stopped: N3, its proposer, and whoever has its incident may.

        Raises:
            MembershipUnknown: who is N3 cannot be read, and the person is neither of the others.
        """
        with self._store.read() as tx:
            is_theirs = _is_theirs(tx, person, proposal_of(tx, proposal_id))
        # Whoever it belongs to can stop it while Slack does not say who is N3.
        current = frozenset() if is_theirs else self._membership.n3()
        with self._once(event) as tx:
            proposal = proposal_of(tx, proposal_id)
            if person not in current and not _is_theirs(tx, person, proposal):
                reason = "Only N3, its proposer or whoever has the incident may stop it."
                return refusal(tx, person, "stop", proposal.label, reason)
            if proposal.state is not ProposalState.EXECUTING:
                state = proposal.state.value
                return Judgement(False, f"{proposal.label} is {state}; there is nothing to stop.")
            if not tx.executions.ask_stop(proposal_id, person.key):
                return Judgement(False, f"{proposal.label} is being stopped already.")
            tx.audit.append(person.key, "asked to stop", proposal.label)
            announce_proposal(tx, proposal)
            announce_freeze_again(tx)
        self._wake("stop", str(proposal_id))
        label = proposal.label
        return Judgement(True, f"{label} is being stopped. It may have taken effect: look at its card.")

    def look_again(self, person: Person, proposal_id: int, event: str = "") -> Judgement:
        """Have the verification that was signed read once more; it is evidence, and decides nothing."""
        with self._once(event) as tx:
            proposal = proposal_of(tx, proposal_id)
            if proposal.plan is None or tx.proposals.execution(proposal_id) is None:
                raise Refused(f"{proposal.label} has not run; there is nothing to look at.")
            if not tx.settling.ask_look(proposal_id, person.key):
                return Judgement(False, f"The check of {proposal.label} is being read already.")
            tx.audit.append(person.key, "asked to look again", proposal.label)
            announce_proposal(tx, proposal)
        self._wake("look", str(proposal_id))
        return Judgement(True, f"The check of {proposal.label} is read again; its card says what it gives.")

    def open_settling(self, person: Person, proposal_id: int) -> tuple[Proposal, Execution | None, Aftermath]:
        """What is known of an execution whose end nobody saw, for somebody who may settle it.

        Raises:
            Refused: they are not N3, or there is nothing to settle.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            judgement, proposal = self._may_settle(tx, person, proposal_id, current)
            known = tx.proposals.execution(proposal_id), aftermath_of(tx, proposal_id)
        if not judgement.allowed:
            raise Refused(judgement.reason)
        return proposal, *known

    def settle(
        self, person: Person, proposal_id: int, took_effect: bool, reason: str, event: str = ""
    ) -> Judgement:
        """Say whether it took effect; then it is verified in that light, or can be proposed again.

        Raises:
            MembershipUnknown: who is N3 cannot be read, so nobody may settle.
        """
        current = self._membership.n3()
        if not is_reason(reason):
            raise Refused(f"Say in at least {MIN_REASON} characters what you saw.")
        with self._once(event) as tx:
            judgement, proposal = self._may_settle(tx, person, proposal_id, current)
            if not judgement.allowed:
                return judgement
            state = ProposalState.SUCCEEDED if took_effect else ProposalState.FAILED
            said = Settlement(proposal_id, person, took_effect, reason.strip(), tx.now)
            if not tx.settling.settle(said):
                return Judgement(False, f"{proposal.label} was settled already; nothing was changed.")
            tx.proposals.move(proposal_id, (ProposalState.UNKNOWN,), state)
            detail = {"took_effect": took_effect, "reason": said.reason}
            tx.audit.append(person.key, f"settled: {state.value}", proposal.label, detail)
            tx.proposals.reopen(proposal_id)
            follow(tx, proposal_id)
            announce_proposal(tx, replace(proposal, state=state))
        self._wake("verify", str(proposal_id))
        return Judgement(True, f"{proposal.label} is settled as {state.value}; the check is read again.")

    def _may_settle(
        self, tx: Tx, person: Person, proposal_id: int, current: frozenset[Person]
    ) -> tuple[Judgement, Proposal]:
        proposal, policy = proposal_of(tx, proposal_id), self._in_force.policy(tx)
        judgement = may_speak_for_n3(person, note_membership(tx, current, policy), policy, tx.now)
        if not judgement.allowed:
            judgement = replace(judgement, reason="Only N3 may say whether it took effect.")
            return refusal(tx, person, "settle", proposal.label, judgement.reason), proposal
        if proposal.state is not ProposalState.UNKNOWN:
            reason = f"{proposal.label} is {proposal.state.value}; there is nothing to settle."
            return Judgement(False, reason), proposal
        return judgement, proposal


def _is_theirs(tx: Tx, person: Person, proposal: Proposal) -> bool:
    incident = tx.incidents.get(proposal.incident_id)
    assigned = incident is not None and incident.assignee == person.key
    return person == proposal.proposer or assigned
