"""Rows of mutes and of suggested ones. A mute is over by its time; nothing has to happen for it to end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.mute import Matcher, Mute, MuteDraft, MuteOrigin, Suggestion
from bot.store import quiet_tables as t
from bot.store.records import Records


class Mutes(Records):
    def draft(self, draft: MuteDraft, confirmed: bool) -> tuple[Mute, bool]:
        """A new mute, in force from its start once it is confirmed; the known one of that key, and False."""
        known = self._one(t.mutes.c.key == draft.key)
        if known is not None:
            return known, False
        self._connection.execute(
            sa.insert(t.mutes).values(
                key=draft.key,
                origin=draft.origin.value,
                matchers=[matcher.row for matcher in draft.matchers],
                critical=draft.critical,
                reason=draft.reason,
                by=draft.by,
                made_at=self._now,
                starts_at=draft.starts_at,
                ends_at=draft.ends_at,
                confirmed_at=self._now if confirmed else None,
            )
        )
        made = self._one(t.mutes.c.key == draft.key)
        assert made is not None
        return made, True

    def get(self, mute_id: int) -> Mute | None:
        return self._one(t.mutes.c.id == mute_id)

    def knows(self, key: str) -> bool:
        """Whether a mute of that key was ever made."""
        return self._one(t.mutes.c.key == key) is not None

    def key_of(self, mute_id: int) -> str:
        found = self._connection.execute(sa.select(t.mutes.c.key).where(t.mutes.c.id == mute_id)).scalar()
        return str(found or "")

    def confirm(self, mute_id: int, starts_at: datetime, ends_at: datetime) -> bool:
        """A draft is in force from now on; False when it was before."""
        return self._change(
            mute_id,
            t.mutes.c.confirmed_at.is_(None),
            confirmed_at=self._now,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def end(self, mute_id: int, by: str) -> bool:
        """End it now; False when it was over before. One that is only planned never begins."""
        self._change(mute_id, t.mutes.c.starts_at > self._now, starts_at=self._now)
        return self._change(
            mute_id,
            t.mutes.c.ends_at > self._now,
            ends_at=self._now,
            ended_by=by,
        )

    def move_end(self, mute_id: int, ends_at: datetime) -> bool:
        """Another end, as long as it is not over."""
        return self._change(mute_id, t.mutes.c.ends_at > self._now, ends_at=ends_at)

    def told(self, mute_id: int, *, end: bool) -> None:
        """Its start, or its end, was announced."""
        self._change(mute_id, sa.true(), **{"end_told" if end else "start_told": True})

    def in_force(self) -> list[Mute]:
        """Those that mute now, oldest first."""
        started = t.mutes.c.starts_at <= self._now
        return self._many(t.mutes.c.confirmed_at.is_not(None), started, t.mutes.c.ends_at > self._now)

    def to_come(self) -> list[Mute]:
        """Confirmed and not over: in force now or later, the next to start first."""
        return self._many(t.mutes.c.confirmed_at.is_not(None), t.mutes.c.ends_at > self._now)

    def since(self, since: datetime, until: datetime | None = None) -> list[Mute]:
        """Those that were in force at some time since then, whether they are over or not."""
        last = self._now if until is None else until
        confirmed = t.mutes.c.confirmed_at.is_not(None)
        return self._many(confirmed, t.mutes.c.ends_at > since, t.mutes.c.starts_at <= last)

    def untold(self) -> list[Mute]:
        """Whose start or end has come and was not announced."""
        starts = sa.and_(t.mutes.c.start_told.is_(False), t.mutes.c.starts_at <= self._now)
        ends = sa.and_(t.mutes.c.end_told.is_(False), t.mutes.c.ends_at <= self._now)
        return self._many(
            t.mutes.c.confirmed_at.is_not(None), t.mutes.c.end_told.is_(False), sa.or_(starts, ends)
        )

    def suggest(self, matchers: Sequence[Matcher], dismissals: int, people: int) -> Suggestion:
        """A row that waits for N3 and does nothing."""
        inserted = self._connection.execute(
            sa.insert(t.mute_suggestions).values(
                matchers=[matcher.row for matcher in matchers],
                dismissals=dismissals,
                people=people,
                at=self._now,
            )
        )
        assert inserted.inserted_primary_key is not None
        made = self.suggestion(int(inserted.inserted_primary_key[0]))
        assert made is not None
        return made

    def count_again(self, suggestion_id: int, dismissals: int, people: int) -> None:
        """More was dismissed since; it still only waits."""
        self._connection.execute(
            sa.update(t.mute_suggestions)
            .where(t.mute_suggestions.c.id == suggestion_id, t.mute_suggestions.c.decided_at.is_(None))
            .values(dismissals=dismissals, people=people)
        )

    def suggestion(self, suggestion_id: int) -> Suggestion | None:
        found = self._suggestions(t.mute_suggestions.c.id == suggestion_id)
        return found[0] if found else None

    def suggestions(self, decided_since: datetime | None = None) -> list[Suggestion]:
        """Those that wait, and those decided since then."""
        decided = t.mute_suggestions.c.decided_at
        waits = decided.is_(None)
        return self._suggestions(waits if decided_since is None else sa.or_(waits, decided > decided_since))

    def decide(self, suggestion_id: int, by: str, mute_id: int | None) -> bool:
        """Signed (with its mute) or declined; False when it was decided before."""
        changed = self._connection.execute(
            sa.update(t.mute_suggestions)
            .where(t.mute_suggestions.c.id == suggestion_id, t.mute_suggestions.c.decided_at.is_(None))
            .values(decided_at=self._now, decided_by=by, mute_id=mute_id)
        )
        return changed.rowcount == 1

    def _change(self, mute_id: int, still: sa.ColumnElement[bool], **values: object) -> bool:
        changed = self._connection.execute(
            sa.update(t.mutes).where(t.mutes.c.id == mute_id, still).values(values)
        )
        return changed.rowcount == 1

    def _one(self, where: sa.ColumnElement[bool]) -> Mute | None:
        found = self._many(where)
        return found[0] if found else None

    def _many(self, *where: sa.ColumnElement[bool]) -> list[Mute]:
        query = sa.select(t.mutes).where(*where).order_by(t.mutes.c.starts_at, t.mutes.c.id)
        return [_mute(row) for row in self._connection.execute(query)]

    def _suggestions(self, where: sa.ColumnElement[bool]) -> list[Suggestion]:
        query = sa.select(t.mute_suggestions).where(where).order_by(t.mute_suggestions.c.id)
        rows = (dict(row._mapping) for row in self._connection.execute(query))
        return [Suggestion(**(row | {"matchers": _matchers(row["matchers"])})) for row in rows]


def _mute(row: Row[Any]) -> Mute:
    values = dict(row._mapping)
    values.pop("key")
    return Mute(**(values | {"origin": MuteOrigin(row.origin), "matchers": _matchers(row.matchers)}))


def _matchers(rows: Sequence[Any]) -> tuple[Matcher, ...]:
    return tuple(Matcher.of_row(row) for row in rows)
