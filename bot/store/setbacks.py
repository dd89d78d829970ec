"""Setbacks of work that will be tried again; a row is there for as long as its work is due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.records import Setback
from bot.store import tables as t
from bot.store.records import Records, in_parts

_C = t.setbacks.c


class Setbacks(Records):
    def add(self, work: str, problem: str, waits: tuple[timedelta, ...]) -> None:
        """Work failed: count it, and say when it may be tried again (the last wait repeats)."""
        attempts = self._attempts(work) + 1
        # Named by its time, too, as the count begins anew once the work was done.
        row = {"attempts": attempts, "attempt": f"{attempts}@{self._now:%Y%m%dT%H%M%S.%f}"}
        not_before = self._now + waits[min(attempts, len(waits)) - 1]
        self.clear([work])
        self._connection.execute(
            sa.insert(t.setbacks).values(**row, work=work, not_before=not_before, problem=problem[:500])
        )

    def all(self) -> dict[str, Setback]:
        """Every setback by its work."""
        return {row.work: Setback(**row._mapping) for row in self._connection.execute(sa.select(t.setbacks))}

    def clear(self, works: Collection[str]) -> None:
        """These were done, or are due no more: what held them up no longer counts."""
        for some in in_parts(list(works)):
            self._connection.execute(sa.delete(t.setbacks).where(_C.work.in_(some)))

    def hurry(self, work: str) -> None:
        """What it waited for may be over: it may be tried again at once."""
        self._connection.execute(sa.update(t.setbacks).where(_C.work == work).values(not_before=self._now))

    def next_try_at(self) -> datetime | None:
        """When the next of the works that wait may be tried again."""
        query = sa.select(sa.func.min(_C.not_before)).where(_C.not_before > self._now)
        found: datetime | None = self._connection.execute(query).scalar_one()
        return found

    def _attempts(self, work: str) -> int:
        query = sa.select(_C.attempts).where(_C.work == work)
        return int(self._connection.execute(query).scalar_one_or_none() or 0)
