"""What one N3 signed alone is looked at by others the next day: fine, or it should not have been."""

from __future__ import annotations

from bot.announcements import announce_review
from bot.copilot.part import Part, refusal
from bot.domain.person import Person
from bot.errors import Refused
from bot.membership import note_membership
from bot.sign_off.quorum import Judgement, may_speak_for_n3

FINE, SHOULD_NOT = "fine", "should not"


class Reviews(Part):
    """The list of what was signed alone."""

    def post_due(self) -> None:
        """Ask N3 about everything whose day has come, each once."""
        with self._store.read() as tx:
            if not tx.reviews.due():
                return
        with self._store.begin() as tx:
            for review in tx.reviews.due():
                announce_review(tx, review.proposal_id)
                tx.reviews.posted(review.proposal_id)
                tx.audit.append("vigie", "asked for a review", f"P{review.proposal_id}")

    def judge(self, person: Person, proposal_id: int, verdict: str, event: str = "") -> Judgement:
        """Say what one thinks of it: anybody of N3 may, but for the human who signed; once.

        Raises:
            Refused: there is nothing to review.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._once(event) as tx:
            review, policy = tx.reviews.get(proposal_id), self._in_force.policy(tx)
            if review is None:
                raise Refused(f"P{proposal_id} was not signed alone; there is nothing to review.")
            n3 = note_membership(tx, current, policy)
            judgement = may_speak_for_n3(person, n3, policy, tx.now)
            if judgement.allowed and policy.human(person) == policy.human(review.signer):
                judgement = Judgement(False, "You signed it; somebody else of N3 looks at it.")
            if not judgement.allowed:
                return refusal(tx, person, "review", f"P{proposal_id}", judgement.reason)
            if not tx.reviews.settle(proposal_id, verdict, person):
                return Judgement(False, "Somebody has said so already; nothing was changed.")
            tx.audit.append(person.key, f"reviewed: {verdict}", f"P{proposal_id}")
            announce_review(tx, proposal_id)
        return Judgement(True, "It is noted.")
