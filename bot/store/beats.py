"""Heartbeats that were seen: one row each, moved by each delivery, marked while one is gone."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Alert, AlertStatus
from bot.domain.senders import SeenBeat
from bot.store.records import Records
from bot.store.source_tables import heartbeats as t


class Beats(Records):
    def seen(self, fingerprint: str, alert: Alert) -> None:
        """One came. A resolved notice of one is its end and no beat."""
        row = self._connection.execute(sa.select(t).where(t.c.fingerprint == fingerprint)).first()
        if alert.status is AlertStatus.RESOLVED:
            self._connection.execute(sa.update(t).where(t.c.fingerprint == fingerprint).values(ended=True))
        elif row is None:
            self._connection.execute(
                sa.insert(t).values(
                    fingerprint=fingerprint,
                    name=alert.name,
                    source=alert.source,
                    environment=alert.environment,
                    last_at=self._now,
                    deliveries=1,
                    gap_s=0.0,
                    ended=False,
                )
            )
        else:
            # The pause of an absence says nothing of its pace.
            well = row.incident_id is None and not row.ended
            pause = (self._now - row.last_at).total_seconds() if well else 0.0
            values = {"last_at": self._now, "deliveries": row.deliveries + 1, "ended": False}
            values |= {"gap_s": max(row.gap_s, pause)}
            self._connection.execute(sa.update(t).where(t.c.fingerprint == fingerprint).values(values))

    def all(self) -> list[SeenBeat]:
        """Every heartbeat that was ever seen."""
        return [_beat(row) for row in self._connection.execute(sa.select(t).order_by(t.c.name))]

    def gone(self, fingerprint: str, incident_id: int | None) -> None:
        """Its absence is this incident; None: it is back."""
        self._connection.execute(
            sa.update(t).where(t.c.fingerprint == fingerprint).values(incident_id=incident_id)
        )

    def forget(self, fingerprint: str) -> None:
        """It is no heartbeat any more."""
        self._connection.execute(sa.delete(t).where(t.c.fingerprint == fingerprint))


def _beat(row: Row[Any]) -> SeenBeat:
    return SeenBeat(**row._mapping)
