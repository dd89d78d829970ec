"""Signing and rejecting: every answer carries its reason, and every refusal leaves its trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.announcements import announce_proposal, calls_of
from bot.copilot.part import Part, proposal_of, refusal
from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.records import Review
from bot.domain.store import Tx
from bot.errors import Refused
from bot.membership import note_membership
from bot.sign_off.alone import may_sign_alone, review_due
from bot.sign_off.confusable import warnings_of
from bot.sign_off.quorum import N3, Judgement, lacking, may_be_signed_now, may_sign
from bot.sign_off.reasons import MIN_REASON, is_reason


@dataclass(frozen=True, slots=True)
class Opening:
    """A proposal as somebody is shown it to sign, with what the digest does not say.

    `warnings` name what may deceive the eye. `is_alone`: their signature alone would do, and they are asked
    for it; `told` says so, or when it would be. `needs_reason`: without one it is not signed.
    """

    proposal: Proposal
    warnings: Sequence[str] = ()
    is_alone: bool = False
    told: str = ""
    needs_reason: bool = False


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

    def open(self, person: Person, proposal_id: int) -> Opening:
        """What this person is shown to sign; refusals are audited.

        Raises:
            Refused: they may not sign it, or it cannot be signed now.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = proposal_of(tx, proposal_id)
            n3 = note_membership(tx, current, self._in_force.policy(tx))
            judgement = self._judge(tx, proposal, person, n3, proposal.digest)
            opening = self._opening(tx, proposal, person, n3)
            if not judgement.allowed:
                refusal(tx, person, "open to sign", proposal.label, judgement.reason)
        if not judgement.allowed:
            raise Refused(judgement.reason)
        return opening

    def sign(
        self, person: Person, proposal_id: int, shown_digest: str, reason: str = "", alone: bool = False
    ) -> Judgement:
        """Sign what was shown; with enough signatures it will run. The answer's reason is for the person.

        `alone`: they were told that theirs alone would do, which is judged again here.

        Raises:
            MembershipUnknown: who is N3 cannot be read, so nobody may sign.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            proposal = proposal_of(tx, proposal_id)
            n3 = note_membership(tx, current, self._in_force.policy(tx))
            judgement = self._judge(tx, proposal, person, n3, shown_digest)
            if judgement.allowed:
                judgement = self._judge_reason(tx, proposal, person, n3, reason, alone)
            if not judgement.allowed:
                return refusal(tx, person, "sign", proposal.label, judgement.reason)
            given = SignOff(proposal_id, person, proposal.digest, True, tx.now, reason.strip(), alone)
            if alone:
                tx.proposals.sign_alone(given)
                tx.reviews.want(Review(proposal_id, person, given.reason, tx.now, review_due(tx.now)))
            elif not tx.proposals.sign(given):
                return Judgement(False, f"You have signed {proposal.label} already; it counts once.")
            rule = self._in_force.policy(tx).rule_of(proposal)
            detail = {"digest": proposal.digest, "rule": rule.name, "reason": given.reason}
            tx.audit.append(person.key, "signed alone" if alone else "signed", proposal.label, detail)
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

    def _judge(self, tx: Tx, proposal: Proposal, person: Person, n3: N3, shown: str) -> Judgement:
        """Whether this person may sign this, and whether it can be signed now."""
        judgement = may_sign(proposal, person, n3, self._in_force.policy(tx), tx.now)
        if judgement.allowed:
            judgement = may_be_signed_now(proposal, shown, tx.n3.freeze() is not None, tx.now)
        return judgement

    def _judge_reason(
        self, tx: Tx, proposal: Proposal, person: Person, n3: N3, reason: str, alone: bool
    ) -> Judgement:
        """Whether they said why where that is asked for, and whether they are alone where they say so."""
        needed = alone or self._in_force.policy(tx).rule_of(proposal).reason
        if needed and not is_reason(reason):
            return Judgement(False, f"Say why in {MIN_REASON} characters or more; open it again.")
        return self._alone(tx, proposal, person, n3) if alone else Judgement(True, "allowed")

    def _alone(self, tx: Tx, proposal: Proposal, person: Person, n3: N3) -> Judgement:
        given, called = tx.proposals.sign_offs(proposal.id), calls_of(tx, proposal.id)
        judged = may_sign_alone(proposal, person, given, called, n3, self._in_force.policy(tx), tx.now)
        return judged if judged.allowed or judged.reason else Judgement(False, "Others must sign, too.")

    def _opening(self, tx: Tx, proposal: Proposal, person: Person, n3: N3) -> Opening:
        policy = self._in_force.policy(tx)
        rule, alone = policy.rule_of(proposal), self._alone(tx, proposal, person, n3)
        known = [name for rows in self._in_force.inventory(tx).values() for name in rows]
        return Opening(
            proposal,
            warnings_of(proposal.plan, known) if proposal.plan else (),
            alone.allowed,
            alone.reason if rule.when_alone is not None else "",
            alone.allowed or rule.reason,
        )

    def _count_signatures(self, tx: Tx, proposal: Proposal, n3: N3) -> Judgement:
        policy = self._in_force.policy(tx)
        free = lacking(proposal, tx.proposals.sign_offs(proposal.id), n3, policy, tx.now)
        if free:
            groups = " and ".join(group for group in dict.fromkeys(free) if group)
            of = f" (of {groups})" if groups else ""
            reason = f"You signed {proposal.label}; {len(free)} more signature(s) needed{of}."
            return Judgement(True, reason)
        execute_by = tx.now + policy.rule_of(proposal).time_to_execute
        tx.proposals.move(proposal.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=execute_by)
        return Judgement(True, f"You signed {proposal.label}; it runs now.")
