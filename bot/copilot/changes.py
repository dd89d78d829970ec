"""A changed catalogue or policy: offered by its file, in force only once N3 has signed the difference."""

from __future__ import annotations

from dataclasses import dataclass

from bot.announcements import announce_change
from bot.copilot.part import Part, refusal
from bot.domain.person import Person
from bot.domain.records import Adopted
from bot.domain.store import Tx
from bot.errors import Refused
from bot.in_force import InForce
from bot.membership import note_membership
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, Judgement, may_speak_for_n3
from bot.sign_off.reasons import MIN_REASON, is_reason


@dataclass(frozen=True, slots=True)
class Change:
    """An offer with everything that is signed: the whole difference, and the digest of the new content."""

    offer: Adopted
    difference: str
    needed: int


class Changes(Part):
    """Shows and signs offers. The policy in force, not the offered one, says who may sign and how many.

    Who changed the file is not known, so nobody is kept from signing it; two where the policy says so.
    """

    def open(self, person: Person, offer_id: int) -> Change:
        """What this person may sign or reject.

        Raises:
            Refused: they are not N3, or it was signed, rejected or withdrawn.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            judgement = may_speak_for_n3(person, n3, policy, tx.now)
            if not judgement.allowed:
                refusal(tx, person, "open a change", f"change {offer_id}", judgement.reason)
        if not judgement.allowed:
            raise Refused(judgement.reason)
        with self._store.read() as tx:
            return change_of(tx, self._in_force, offer_id)

    def sign(self, person: Person, offer_id: int, shown_digest: str) -> Judgement:
        """Sign a change; with enough signatures it is in force from this commit on.

        Raises:
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            judgement, change = self._judge(tx, person, n3, policy, offer_id, shown_digest)
            if judgement.allowed and change is not None and _has_signed(person, change.offer, policy):
                judgement = Judgement(False, "You have signed this change already; it counts once.")
            if change is None or not judgement.allowed:
                return refusal(tx, person, "sign a change", f"change {offer_id}", judgement.reason)
            earlier = [key for key in change.offer.by if _counts(key, n3, policy, tx)]
            by = (*earlier, person.key)
            complete = len(by) >= change.needed
            tx.n3.sign_offer(offer_id, by, complete)
            what = change.offer.what
            tx.audit.append(person.key, f"signed the {what}", what, {"sha256": change.offer.digest})
            announce_change(tx, offer_id)
        missing = change.needed - len(by)
        return Judgement(True, "It is in force." if complete else f"{missing} more signature(s) needed.")

    def reject(self, person: Person, offer_id: int, shown_digest: str, reason: str) -> Judgement:
        """Reject a change: the old one holds, and this content is not offered again; one of N3 is enough.

        Raises:
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            judgement, change = self._judge(tx, person, n3, policy, offer_id, shown_digest)
            if judgement.allowed and not is_reason(reason):
                judgement = Judgement(False, f"Say why in {MIN_REASON} characters or more; open it again.")
            if change is None or not judgement.allowed:
                return refusal(tx, person, "reject a change", f"change {offer_id}", judgement.reason)
            tx.n3.reject_offer(offer_id)
            what = change.offer.what
            detail = {"sha256": change.offer.digest, "reason": reason.strip(), "change": offer_id}
            tx.audit.append(person.key, f"rejected the {what}", what, detail)
            announce_change(tx, offer_id)
        return Judgement(True, "It is rejected; the old one holds.")

    def _judge(
        self, tx: Tx, person: Person, n3: N3, policy: Policy, offer_id: int, shown_digest: str
    ) -> tuple[Judgement, Change | None]:
        judgement = may_speak_for_n3(person, n3, policy, tx.now)
        if not judgement.allowed:
            return judgement, None
        try:
            change = change_of(tx, self._in_force, offer_id)
        except Refused as error:
            return Judgement(False, error.detail), None
        if shown_digest != change.offer.digest:
            return Judgement(False, "What you were shown is not what is offered; open it again."), None
        return judgement, change


def _has_signed(person: Person, offer: Adopted, policy: Policy) -> bool:
    """Under this account or another one of the same human."""
    return policy.human(person) in policy.humans(Person.from_key(key) for key in offer.by)


def _counts(key: str, n3: N3, policy: Policy, tx: Tx) -> bool:
    """An earlier signature counts only while its giver still may sign."""
    return may_speak_for_n3(Person.from_key(key), n3, policy, tx.now).allowed


def change_of(tx: Tx, in_force: InForce, offer_id: int) -> Change:
    """An offer that still waits, with its difference from what is in force.

    Raises:
        Refused: it does not wait any more.
    """
    offer = tx.n3.offered(offer_id)
    known = tx.n3.adopted(offer.what) if offer else None
    if offer is None or known is None:
        raise Refused("This change was signed, rejected or withdrawn already.")
    needed = in_force.policy(tx).change_signatures
    return Change(offer, in_force.difference(offer.what, known.content, offer.content), needed)


def rejection_of(tx: Tx, offer: Adopted) -> tuple[str, str]:
    """Who rejected an offer, by their key, and why; empty where nobody did."""
    for event in tx.audit.events(offer.what):
        if event.detail.get("change") == offer.id and event.action.startswith("rejected"):
            return event.actor, str(event.detail["reason"])
    return "", ""
