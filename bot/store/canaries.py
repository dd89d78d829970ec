"""Rows of canaries: what was sent to the intake, and how far it came. Old ones are forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.quiet import Canary
from bot.store import quiet_tables as t
from bot.store.records import Records

KEPT = timedelta(days=7)


class Canaries(Records):
    def send(self, nonce: str) -> Canary:
        """One goes out now; written before it is sent."""
        self._connection.execute(sa.delete(t.canaries).where(t.canaries.c.sent_at < self._now - KEPT))
        self._connection.execute(sa.insert(t.canaries).values(nonce=nonce, sent_at=self._now))
        made = self._one(t.canaries.c.nonce == nonce)
        assert made is not None
        return made

    def receive(self, nonce: str, fresh_since: datetime) -> Canary | None:
        """The canary of this nonce has come in, once; None when no such one is on its way."""
        known = self._one(t.canaries.c.nonce == nonce)
        if known is None or known.received_at is not None or known.is_over or known.sent_at < fresh_since:
            return None
        self._set(known.id, received_at=self._now)
        return known

    def tell(self, canary_id: int) -> None:
        """It came through to Slack now."""
        self._set(canary_id, told_at=self._now)

    def fail(self, canary_id: int, problem: str) -> None:
        self._set(canary_id, problem=problem[:500])

    def get(self, canary_id: int) -> Canary | None:
        return self._one(t.canaries.c.id == canary_id)

    def newest(self) -> Canary | None:
        """The last that was sent."""
        return self._one(sa.true())

    def last_told(self) -> Canary | None:
        """The last that came through."""
        return self._one(t.canaries.c.told_at.is_not(None))

    def _set(self, canary_id: int, **values: object) -> None:
        self._connection.execute(sa.update(t.canaries).where(t.canaries.c.id == canary_id).values(values))

    def _one(self, where: sa.ColumnElement[bool]) -> Canary | None:
        query = sa.select(t.canaries).where(where).order_by(t.canaries.c.id.desc()).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else Canary(**row._mapping)
