"""Signing and rejecting: every answer carries its reason, and every refusal leaves its trace."""

from __future__ import annotations

from bot.announcements import announce_proposal
from bot.copilot.part import Part, proposal_of, refusal
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.store import Tx
from bot.membership import note_membership
from bot.sign_off.quorum import N3, Judgement, may_be_signed_now, may_sign, valid_signers


class Signing(Part):
    """Signatures under proposals, and who may give them."""

    def look_at_n3(self) -> None:
        """Note who is N3 now, so that who joins is announced at once and waits from now on.

        Raises:
            MembershipUnknown: it cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            note_membership(tx, current, self._in_force.policy(tx))

    def may_open(self, person: Person, proposal_id: int) -> tuple[Judgement, Proposal]:
        """Whether this person may be shown the modal to sign; refusals are audited.

        Raises:
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = proposal_of(tx, proposal_id)
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            judgement = may_sign(proposal, person, n3, policy, tx.now)
            if judgement.allowed:
                frozen = tx.n3.freeze() is not None
                judgement = may_be_signed_now(proposal, proposal.digest, frozen, tx.now)
            if not judgement.allowed:
                refusal(tx, person, "open to sign", proposal.label, judgement.reason)
            return judgement, proposal

    def sign(self, person: Person, proposal_id: int, shown_digest: str) -> Judgement:
        """Sign what was shown; with enough signatures it will run. The answer's reason is for the person.

        Raises:
            MembershipUnknown: who is N3 cannot be read, so nobody may sign.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = proposal_of(tx, proposal_id)
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            frozen = tx.n3.freeze() is not None
            for judgement in (
                may_sign(proposal, person, n3, policy, tx.now),
                may_be_signed_now(proposal, shown_digest, frozen, tx.now),
            ):
                if not judgement.allowed:
                    return refusal(tx, person, "sign", proposal.label, judgement.reason)
            if not tx.proposals.sign(SignOff(proposal_id, person, proposal.digest, True, tx.now)):
                return Judgement(False, f"You have signed {proposal.label} already; it counts once.")
            tx.audit.append(person.key, "signed", proposal.label, {"digest": proposal.digest})
            answer = self._count_signatures(tx, proposal, n3)
            announce_proposal(tx, proposal)
        self._wake("execute", str(proposal_id))
        return answer

    def reject(self, person: Person, proposal_id: int, event: str = "") -> Judgement:
        """Reject a proposal that has not started: any N3 may, and its proposer; it wins over signatures."""
        current = self._membership.n3()
        with self._once(event) as tx:
            proposal = proposal_of(tx, proposal_id)
            note_membership(tx, current, self._in_force.policy(tx))
            if person not in current and person != proposal.proposer:
                reason = "Only N3 or its proposer may reject a proposal."
                return refusal(tx, person, "reject", proposal.label, reason)
            waiting = (ProposalState.PROPOSED, ProposalState.SIGNED)
            if not tx.proposals.move(proposal_id, waiting, ProposalState.REJECTED):
                return Judgement(False, f"{proposal.label} is {proposal.state.value} already.")
            tx.proposals.sign(SignOff(proposal_id, person, proposal.digest, False, tx.now))
            detail = {"digest": proposal.digest, "was": proposal.state.value}
            tx.audit.append(person.key, "rejected", proposal.label, detail)
            announce_proposal(tx, proposal)
        return Judgement(True, f"{proposal.label} is rejected.")

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
