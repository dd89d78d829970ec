"""N3 membership as it was seen, the freeze switch, and what catalogue and policy are in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.person import Person
from bot.domain.records import Adopted, Freeze
from bot.store import tables as t
from bot.store.policy_tables import group_members
from bot.store.records import Records

_IN_FORCE, _OFFERED, _WITHDRAWN, _REJECTED = "in force", "offered", "withdrawn", "rejected"
# Made once, as all that a tool may do is judged by it: building a statement takes longer than running it.
_ADOPTED = (
    sa.select(t.adopted)
    .where(t.adopted.c.what == sa.bindparam("what"), t.adopted.c.state == _IN_FORCE)
    .order_by(t.adopted.c.id.desc())
    .limit(1)
)


class N3Records(Records):
    def known(self) -> dict[Person, datetime | None]:
        """Everybody in N3 as last seen, with since when; None means from the first start on."""
        query = sa.select(t.n3_members).where(t.n3_members.c.left_at.is_(None))
        return {Person.from_key(row.person): row.since for row in self._connection.execute(query)}

    def is_new(self) -> bool:
        """Whether no membership was ever seen: the first start."""
        return self._connection.execute(sa.select(t.n3_members.c.person).limit(1)).first() is None

    def joined(self, people: Iterable[Person], since: datetime | None) -> None:
        """Record people as members from `since` on; who left and came back starts anew."""
        for person in people:
            self._connection.execute(sa.delete(t.n3_members).where(t.n3_members.c.person == person.key))
            self._connection.execute(sa.insert(t.n3_members).values(person=person.key, since=since))

    def left(self, people: Iterable[Person]) -> None:
        """Record that people are no longer members."""
        for person in people:
            self._connection.execute(
                sa.update(t.n3_members).where(t.n3_members.c.person == person.key).values(left_at=self._now)
            )

    def groups(self) -> dict[str, dict[Person, datetime | None]]:
        """Everybody in each of [n3.groups] as last seen, with since when; an empty group is not there."""
        found: dict[str, dict[Person, datetime | None]] = {}
        query = sa.select(group_members).where(group_members.c.left_at.is_(None))
        for row in self._connection.execute(query):
            found.setdefault(row.group, {})[Person.from_key(row.person)] = row.since
        return found

    def joined_group(self, group: str, people: Iterable[Person], since: datetime | None) -> None:
        """Record people as members of a group from `since` on; who left and came back starts anew."""
        for person in people:
            self._connection.execute(sa.delete(group_members).where(*_in_group(group, person)))
            values = {"group": group, "person": person.key, "since": since}
            self._connection.execute(sa.insert(group_members).values(values))

    def left_group(self, group: str, people: Iterable[Person]) -> None:
        """Record that people are no longer members of a group."""
        for person in people:
            gone = sa.update(group_members).where(*_in_group(group, person))
            self._connection.execute(gone.values(left_at=self._now))

    def freeze(self) -> Freeze | None:
        """The freeze in force, if any."""
        return next(iter(self.freezes()), None)

    def freezes(self) -> list[Freeze]:
        """Every freeze in force, oldest first."""
        query = sa.select(t.freezes).where(t.freezes.c.lifted_at.is_(None)).order_by(t.freezes.c.id)
        return [Freeze(row.id, row.at, row.by, row.reason) for row in self._connection.execute(query)]

    def set_freeze(self, by: str, reason: str) -> int:
        """One more freeze; its number."""
        made = self._connection.execute(sa.insert(t.freezes).values(at=self._now, by=by, reason=reason))
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    def lift_freezes(self, by: str) -> int:
        """Lift every freeze in force; how many there were."""
        changed = self._connection.execute(
            sa.update(t.freezes)
            .where(t.freezes.c.lifted_at.is_(None))
            .values(lifted_at=self._now, lifted_by=by)
        )
        return changed.rowcount

    def adopted(self, what: str) -> Adopted | None:
        """The catalogue or policy in force."""
        row = self._connection.execute(_ADOPTED, {"what": what}).first()
        return None if row is None else _adopted(row)

    def adopt(self, what: str, digest: str, content: str) -> None:
        """Put content in force as it was found at the first start."""
        self._insert(what, digest, content, _IN_FORCE)

    def offer(self, what: str, digest: str, content: str) -> Adopted:
        """Offer a changed content for signing; offering the same again changes nothing."""
        known = self._newest(t.adopted.c.what == what, t.adopted.c.state == _OFFERED)
        if known is not None and known.digest == digest:
            return known
        self._insert(what, digest, content, _OFFERED)
        offered = self._newest(t.adopted.c.what == what, t.adopted.c.state == _OFFERED)
        assert offered is not None
        return offered

    def withdraw(self, what: str, digest: str) -> list[int]:
        """The file says `digest` now: withdraw every other offer of the kind, and give their ids."""
        other = sa.and_(t.adopted.c.what == what, t.adopted.c.state == _OFFERED, t.adopted.c.digest != digest)
        withdrawn = list(self._connection.execute(sa.select(t.adopted.c.id).where(other)).scalars())
        self._connection.execute(sa.update(t.adopted).where(other).values(state=_WITHDRAWN))
        return withdrawn

    def offered(self, offer_id: int) -> Adopted | None:
        """An offer that still waits for signatures."""
        return self._newest(t.adopted.c.id == offer_id, t.adopted.c.state == _OFFERED)

    def change(self, offer_id: int) -> Adopted | None:
        """An offer, whatever became of it."""
        return self._newest(t.adopted.c.id == offer_id)

    def rejected(self, what: str, digest: str) -> Adopted | None:
        """The offer of this content that N3 rejected, if that is the newest thing said of it."""
        newest = self._newest(t.adopted.c.what == what, t.adopted.c.digest == digest)
        return newest if newest is not None and newest.state == _REJECTED else None

    def reject_offer(self, offer_id: int) -> bool:
        """An offer that waits is rejected; True for exactly one caller."""
        changed = self._connection.execute(
            sa.update(t.adopted)
            .where(t.adopted.c.id == offer_id, t.adopted.c.state == _OFFERED)
            .values(state=_REJECTED)
        )
        return changed.rowcount == 1

    def offers(self) -> list[Adopted]:
        """Every offer that waits for signatures, oldest first."""
        query = sa.select(t.adopted).where(t.adopted.c.state == _OFFERED).order_by(t.adopted.c.id)
        return [_adopted(row) for row in self._connection.execute(query)]

    def sign_offer(self, offer_id: int, by: tuple[str, ...], complete: bool) -> bool:
        """Write who signed an offer; `complete` puts it in force."""
        changed = self._connection.execute(
            sa.update(t.adopted)
            .where(t.adopted.c.id == offer_id, t.adopted.c.state == _OFFERED)
            .values(by=list(by), state=_IN_FORCE if complete else _OFFERED)
        )
        return changed.rowcount == 1

    def void_offers(self) -> int:
        """Take every signature off the offers that wait; how many had one."""
        waiting = t.adopted.c.state == _OFFERED
        rows = self._connection.execute(sa.select(t.adopted.c.by).where(waiting)).scalars()
        signed = sum(bool(by) for by in rows)
        self._connection.execute(sa.update(t.adopted).where(waiting).values(by=[]))
        return signed

    def leave_gap(self, by: int) -> None:
        """The next changes have numbers that none had before, even where some were lost."""
        self._leave_gap(t.adopted, by)

    def _insert(self, what: str, digest: str, content: str, state: str) -> None:
        values = {"what": what, "digest": digest, "content": content, "state": state, "at": self._now}
        self._connection.execute(sa.insert(t.adopted).values(by=[], **values, **self._numbered(t.adopted)))

    def _newest(self, *conditions: sa.ColumnElement[bool]) -> Adopted | None:
        query = sa.select(t.adopted).where(*conditions).order_by(t.adopted.c.id.desc()).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else _adopted(row)


def _adopted(row: Row[Any]) -> Adopted:
    return Adopted(row.id, row.what, row.digest, row.content, row.at, tuple(row.by), row.state)


def _in_group(group: str, person: Person) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return group_members.c.group == group, group_members.c.person == person.key
