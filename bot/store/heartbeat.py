"""The outgoing heartbeat's one row: that it can be written is part of what the heartbeat says."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.records import Beat
from bot.store import tables as t
from bot.store.records import Records


class Heartbeat(Records):
    def tried(self, problem: str) -> None:
        """One more try; `problem` says why none was sent, and is empty while one is on its way."""
        values = {"tried_at": self._now, "problem": problem[:500]}
        changed = self._connection.execute(sa.update(t.heartbeat_out).values(values))
        if not changed.rowcount:
            self._connection.execute(sa.insert(t.heartbeat_out).values(values | {"id": 1}))

    def sent(self) -> None:
        """It was taken."""
        self._connection.execute(sa.update(t.heartbeat_out).values(sent_at=self._now, problem=""))

    def last(self) -> Beat | None:
        """How the newest one went; None when there never was one."""
        row = self._connection.execute(sa.select(t.heartbeat_out)).first()
        return None if row is None else Beat(row.tried_at, row.sent_at, row.problem)
