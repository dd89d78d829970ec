"""What people did in Slack, kept before it is acknowledged; and setbacks of work that will be tried again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.records import Received
from bot.store import tables as t
from bot.store.records import Records


class Inbox(Records):
    def accept(self, key: str, kind: str, payload: Mapping[str, object]) -> bool:
        """Keep one event under its key; False when the same was kept before."""
        known = self._connection.execute(sa.select(t.inbox.c.key).where(t.inbox.c.key == key)).first()
        if known is not None:
            return False
        self._connection.execute(
            sa.insert(t.inbox).values(key=key, kind=kind, payload=dict(payload), received_at=self._now)
        )
        return True

    def get(self, key: str) -> Received | None:
        row = self._connection.execute(sa.select(t.inbox).where(t.inbox.c.key == key)).first()
        return None if row is None else Received(row.key, row.kind, dict(row.payload), row.done_at)

    def pending(self, kind: str) -> list[str]:
        """Keys of events of a kind that are not dealt with, oldest first."""
        query = (
            sa.select(t.inbox.c.key)
            .where(t.inbox.c.kind == kind, t.inbox.c.done_at.is_(None))
            .order_by(t.inbox.c.received_at)
        )
        return list(self._connection.execute(query).scalars())

    def done(self, key: str) -> None:
        """It is dealt with."""
        self._connection.execute(sa.update(t.inbox).where(t.inbox.c.key == key).values(done_at=self._now))

    def setback(self, work: str, problem: str, waits: tuple[timedelta, ...]) -> None:
        """Work failed: count it, and say when it may be tried again (the last wait repeats)."""
        attempts = self.attempts(work) + 1
        not_before = self._now + waits[min(attempts, len(waits)) - 1]
        self._connection.execute(sa.delete(t.setbacks).where(t.setbacks.c.work == work))
        self._connection.execute(
            sa.insert(t.setbacks).values(
                work=work, attempts=attempts, not_before=not_before, problem=problem[:500]
            )
        )

    def hurry(self, work: str) -> None:
        """What it waited for may be over: it may be tried again at once."""
        self._connection.execute(
            sa.update(t.setbacks).where(t.setbacks.c.work == work).values(not_before=self._now)
        )

    def attempts(self, work: str) -> int:
        """How often this work failed so far."""
        query = sa.select(t.setbacks.c.attempts).where(t.setbacks.c.work == work)
        return int(self._connection.execute(query).scalar_one_or_none() or 0)

    def next_try_at(self) -> datetime | None:
        """When the next of the works that wait may be tried again."""
        c = t.setbacks.c
        query = sa.select(sa.func.min(c.not_before)).where(c.not_before > self._now)
        found: datetime | None = self._connection.execute(query).scalar_one()
        return found

    def waiting(self) -> dict[str, bool]:
        """Work with setbacks; True when it has to wait still."""
        rows = self._connection.execute(sa.select(t.setbacks.c.work, t.setbacks.c.not_before))
        return {row.work: row.not_before > self._now for row in rows}
