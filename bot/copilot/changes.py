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
from bot.sign_off.difference import can_be_shown, difference
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, Judgement


@dataclass(frozen=True, slots=True)
class Change:
    """An offer with everything that is signed: the whole difference, and the digest of the new content."""

    offer: Adopted
    difference: str
    needed: int


class Changes(Part):
    """Shows and signs offers. The policy in force, not the offered one, says who may sign and how many."""

    def open(self, person: Person, offer_id: int) -> Change:
        """What this person may sign.

        Raises:
            Refused: they are not N3, or it was signed or withdrawn, or it is too long to be shown whole.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            judgement = _may_sign(person, note_membership(tx, current, policy), policy, tx)
            if not judgement.allowed:
                refusal(tx, person, "open a change", f"change {offer_id}", judgement.reason)
            change = change_of(tx, self._in_force, offer_id)
        if not judgement.allowed:
            raise Refused(judgement.reason)
        if not can_be_shown(change.difference):
            raise Refused("The change is too long to be shown whole; make it in smaller steps.")
        return change

    def sign(self, person: Person, offer_id: int, shown_digest: str) -> Judgement:
        """Sign a change; with enough signatures it is in force from this commit on.

        Raises:
            Refused: it was signed or withdrawn already.
            MembershipUnknown: who is N3 cannot be read.
        """
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            judgement = _may_sign(person, note_membership(tx, current, policy), policy, tx)
            change = change_of(tx, self._in_force, offer_id)
            if judgement.allowed and shown_digest != change.offer.digest:
                judgement = Judgement(False, "What you were shown is not what is offered; open it again.")
            if judgement.allowed and person.key in change.offer.by:
                judgement = Judgement(False, "You have signed this change already; it counts once.")
            if not judgement.allowed:
                return refusal(tx, person, "sign a change", f"change {offer_id}", judgement.reason)
            by = (*change.offer.by, person.key)
            complete = len(by) >= change.needed
            tx.n3.sign_offer(offer_id, by, complete)
            what = change.offer.what
            tx.audit.append(person.key, f"signed the {what}", what, {"sha256": change.offer.digest})
            announce_change(tx, offer_id)
        missing = change.needed - len(by)
        return Judgement(True, "It is in force." if complete else f"{missing} more signature(s) needed.")


def change_of(tx: Tx, in_force: InForce, offer_id: int) -> Change:
    """An offer that still waits, with its difference from what is in force.

    Raises:
        Refused: it does not wait any more.
    """
    offer = tx.n3.offered(offer_id)
    known = tx.n3.adopted(offer.what) if offer else None
    if offer is None or known is None:
        raise Refused("This change was signed or withdrawn already.")
    needed = in_force.policy(tx).change_signatures
    return Change(offer, difference(known.content, offer.content), needed)


def _may_sign(person: Person, n3: N3, policy: Policy, tx: Tx) -> Judgement:
    since = n3.since.get(person, tx.now)
    if person not in n3.since:
        return Judgement(False, "Only N3 may sign a change of catalogue or policy.")
    if since is not None and tx.now < since + policy.newcomer_wait:
        return Judgement(False, "You joined N3 recently and may not sign yet.")
    return Judgement(True, "allowed")
