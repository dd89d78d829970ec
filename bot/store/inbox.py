"""What came in, kept before it is acknowledged: work that waits until it is done, and what was only seen."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from bot.domain.inbox import InboxKind, Work
from bot.domain.records import Received
from bot.store import tables as t
from bot.store.records import Records


class Inbox(Records):
    def accept(self, key: str, kind: InboxKind, payload: Mapping[str, object]) -> bool:
        """Keep one thing under its key; False when it was kept before. What is no work is done by that."""
        known = self._connection.execute(sa.select(t.inbox.c.key).where(t.inbox.c.key == key)).first()
        if known is not None:
            return False
        done_at = None if kind.is_work else self._now
        row = {"key": key, "kind": kind.value, "payload": dict(payload)}
        self._connection.execute(sa.insert(t.inbox).values(**row, received_at=self._now, done_at=done_at))
        return True

    def get(self, key: str) -> Received | None:
        row = self._connection.execute(sa.select(t.inbox).where(t.inbox.c.key == key)).first()
        return None if row is None else Received(row.key, InboxKind(row.kind), dict(row.payload), row.done_at)

    def pending(self, kind: Work) -> list[str]:
        """Keys of the work of a kind that is not done, oldest first."""
        query = (
            sa.select(t.inbox.c.key)
            .where(t.inbox.c.kind == kind.value, t.inbox.c.done_at.is_(None))
            .order_by(t.inbox.c.received_at)
        )
        return list(self._connection.execute(query).scalars())

    def done(self, key: str) -> None:
        """It is dealt with."""
        self._connection.execute(sa.update(t.inbox).where(t.inbox.c.key == key).values(done_at=self._now))
