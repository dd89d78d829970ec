"""Documents that nobody looked at in time, or that incidents speak against: owners hear of them weekly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.announcements import announce_stale, announce_stale_again
from bot.copilot.shelf import Shelf
from bot.copilot.shelved import Shelved
from bot.copilot.stale import addressee, found_now, owner
from bot.domain.curation import Finding, UpkeepRule
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.store import Store, Tx
from bot.errors import Refused
from bot.in_force import InForce
from bot.membership import note_membership
from bot.sign_off.quorum import may_speak_for_n3
from knowledge.upkeep import Kept

LOOK_EVERY = timedelta(hours=1)
# What was noticed today may be settled by tomorrow, as when a folder is ingested anew.
SETTLES = timedelta(days=1)
MOST = 8


class Upkeep(Shelved):
    """The list of what is to be looked at again; rows say who was told of what, so each is told once."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        membership: Membership,
        wake: Wake,
        shelf: Shelf | None = None,
        rule: UpkeepRule = UpkeepRule(),  # noqa: B008  # frozen
    ) -> None:
        super().__init__(store, in_force, membership, wake, shelf)
        self._rule = rule
        self._next: datetime | None = None

    def look(self) -> None:
        """Bring the list to what documents, votes and incidents say now, and tell owners what is due."""
        with self._store.read() as tx:
            if self._next is not None and tx.now < self._next:
                return
            self._next = tx.now + LOOK_EVERY
            every = {kept.id: kept for kept in self._shelf.upkeep.kept()}
            found = {one.document_id: one for one in found_now(list(every.values()), tx, self._rule)}
            known = {one.document_id: one for one in tx.upkeep.findings()}
            changed = [one for id, one in found.items() if _differs(known.get(id), one)]
            gone = [id for id in known if id not in found]
            due = _due(tx, known, self._rule)
        if changed or gone or due:
            with self._store.begin() as tx:
                for one in changed:
                    tx.upkeep.find(one)
                for id in gone:
                    tx.upkeep.clear(id)
                    announce_stale_again(tx, id)
                self._tell(tx, [id for id in due if id in found])

    def seen(self, readers: Collection[str]) -> list[Finding]:
        """What is to be looked at, as far as these readers may see it; the oldest first."""
        with self._store.read() as tx:
            known = tx.upkeep.findings()
        every = {kept.id: kept for kept in self._shelf.upkeep.kept()} if known else {}
        return [one for one in known if _may_see(every.get(one.document_id), readers)]

    def still_right(
        self, person: Person, document_id: str, group: Collection[str] = (), event: str = ""
    ) -> str:
        """Its owner or somebody of N3 has looked at it; what to say. `group`: the people of the owning group.

        Raises:
            Refused: there is no such document, or they are neither.
            MembershipUnknown: who is N3 cannot be read.
        """
        kept = self._may_look_after(person, document_id, group)
        with self._once(event) as tx:
            tx.audit.append(person.key, "reviewed", document_id, {"version": kept.version})
            tx.upkeep.clear(document_id)
            announce_stale_again(tx, document_id)
            # The same day again is the same review, so that this may repeat.
            self._shelf.upkeep.still_right(document_id, tx.now.date(), person.key)
        return "It is noted: you looked at it today."

    def later(self, person: Person, document_id: str, group: Collection[str] = (), event: str = "") -> str:
        """They will look at it another time; what to say.

        Raises:
            Refused: nobody has to look at it, or they are neither its owner nor of N3.
            MembershipUnknown: who is N3 cannot be read.
        """
        self._may_look_after(person, document_id, group)
        with self._once(event) as tx:
            if not tx.upkeep.later(document_id, tx.now + self._rule.later):
                raise Refused("Nobody has to look at that document any more.")
            tx.audit.append(person.key, "reviews later", document_id, {"days": self._rule.later.days})
            announce_stale_again(tx, document_id)
        return f"It comes again in {self._rule.later.days} days."

    def owner_of(self, document_id: str) -> str:
        """The Slack id of its owner; empty where nobody is named, or there is no such document."""
        kept = self._shelf.upkeep.of(document_id)
        return owner(kept, self._rule) if kept else ""

    def may_open(self, kept: Kept, readers: Collection[str]) -> bool:
        """Whether a document is for these readers, the ids of a person and of the channel they are in."""
        named = {*kept.access, addressee(kept, self._rule)}
        if not kept.access or not named.isdisjoint(readers):
            return True
        with self._store.read() as tx:
            return not named.isdisjoint(tx.posts.roles_of(readers))

    def _may_look_after(self, person: Person, document_id: str, group: Collection[str]) -> Kept:
        kept = self._shelf.upkeep.of(document_id)
        if kept is None:
            raise Refused("That document is not in the knowledge base any more.")
        if person.user_id == owner(kept, self._rule) or person.user_id in group:
            return kept
        current = self._membership.n3()
        with self._store.begin() as tx:
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            if may_speak_for_n3(person, n3, policy, tx.now).allowed:
                return kept
            tx.audit.append(person.key, "refused to review", document_id)
        raise Refused("Its owner or somebody of N3 says that; you are neither.")

    def _tell(self, tx: Tx, due: Sequence[str]) -> None:
        """One digest for each addressee; what is too much for it comes with the next."""
        by_addressee: dict[str, list[Finding]] = defaultdict(list)
        for id in due:
            if (one := tx.upkeep.finding(id)) is not None:
                by_addressee[one.addressee].append(one)
        for whom, documents in by_addressee.items():
            told = {one.document_id: one.title for one in documents[:MOST]}
            number = tx.upkeep.digest(whom, told)
            tx.upkeep.told(list(told))
            announce_stale(tx, number, whom)
            tx.audit.append("vigie", "asked to review", f"digest {number}", {"documents": list(told)})


def _due(tx: Tx, known: dict[str, Finding], rule: UpkeepRule) -> list[str]:
    """What its addressee is to be told now: nobody hears of such things twice within a week."""
    last = tx.upkeep.last_digests()
    return [
        one.document_id
        for one in known.values()
        if one.addressee
        and one.waits(tx.now)
        and tx.now - one.since >= SETTLES
        and (one.addressee not in last or tx.now - last[one.addressee] >= rule.digest_every)
    ]


def _differs(known: Finding | None, found: Finding) -> bool:
    shown = (found.title, found.reasons, found.addressee)
    return known is None or (known.title, known.reasons, known.addressee) != shown


def _may_see(kept: Kept | None, readers: Collection[str]) -> bool:
    return kept is not None and (not kept.access or not set(readers).isdisjoint(kept.access))
