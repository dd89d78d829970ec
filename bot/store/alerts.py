"""Alert deliveries, and the series (one per fingerprint) that triage remembers."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.incident import IncidentState
from bot.domain.records import MOST_ALERTS, SeenAlert, Series
from bot.store import tables as t
from bot.store.beats import Beats
from bot.store.records import Records

_OPEN = [state.value for state in IncidentState if state.is_open]


# Made once: building a statement takes longer than running it.
_SERIES = (
    sa.select(t.series, t.incidents.c.state.label("incident_state"))
    .outerjoin(t.incidents, t.series.c.incident_id == t.incidents.c.id)
    .where(t.series.c.fingerprint == sa.bindparam("mark"))
)
_MOVE = (
    sa.update(t.series)
    .where(t.series.c.fingerprint == sa.bindparam("mark"))
    .values(
        status=sa.bindparam("status"),
        severity=sa.bindparam("severity"),
        last_at=sa.bindparam("last_at"),
        incident_id=sa.bindparam("incident_id"),
        deliveries=t.series.c.deliveries + 1,
    )
)


class Alerts(Records):
    def series(self, fingerprint: str) -> Series | None:
        """The series of this fingerprint, if it was ever delivered."""
        row = self._connection.execute(_SERIES, {"mark": fingerprint}).first()
        if row is None:
            return None
        return Series(
            fingerprint,
            AlertStatus(row.status),
            Severity(row.severity),
            row.last_at,
            row.incident_id,
            row.incident_state in _OPEN,
        )

    def add(self, alert: Alert, fingerprint: str, decision: Decision, incident_id: int | None) -> int:
        """Store one delivery with its decision, and move its series."""
        inserted = self._connection.execute(
            sa.insert(t.alerts),
            {
                "received_at": self._now,
                "fingerprint": fingerprint,
                "incident_id": incident_id,
                "decision": decision.kind.value,
                "reason": decision.reason,
                "body": _body(alert),
            },
        )
        self._move_series(alert, fingerprint, incident_id)
        if decision.kind is Kind.HEARTBEAT:
            Beats(self._connection, self._now).seen(fingerprint, alert)
        assert inserted.inserted_primary_key is not None
        return int(inserted.inserted_primary_key[0])

    def _move_series(self, alert: Alert, fingerprint: str, incident_id: int | None) -> None:
        values = {
            "status": alert.status.value,
            "severity": int(alert.severity),
            "last_at": self._now,
            "incident_id": incident_id,
        }
        changed = self._connection.execute(_MOVE, values | {"mark": fingerprint})
        if not changed.rowcount:
            fresh = {"fingerprint": fingerprint, "first_at": self._now, "deliveries": 1}
            self._connection.execute(sa.insert(t.series).values(values | fresh))

    def firing(self, incident_id: int) -> int:
        """How many series of the incident still fire."""
        query = sa.select(sa.func.count()).where(
            t.series.c.incident_id == incident_id, t.series.c.status == AlertStatus.FIRING.value
        )
        return int(self._connection.execute(query).scalar_one())

    def of_incident(self, incident_id: int, limit: int = MOST_ALERTS) -> list[SeenAlert]:
        """The first delivery of each series of the incident, oldest first."""
        first = (
            sa.select(sa.func.min(t.alerts.c.id))
            .where(t.alerts.c.incident_id == incident_id)
            .group_by(t.alerts.c.fingerprint)
        )
        query = (
            sa.select(
                t.alerts.c.id,
                t.alerts.c.body,
                t.alerts.c.received_at,
                t.series.c.status,
                t.series.c.deliveries,
            )
            .join(t.series, t.series.c.fingerprint == t.alerts.c.fingerprint)
            .where(t.alerts.c.id.in_(first))
            .order_by(t.alerts.c.id)
            .limit(limit)
        )
        return [
            SeenAlert(
                id=row.id,
                name=row.body["name"],
                severity=Severity(row.body["severity"]),
                status=AlertStatus(row.status),
                summary=row.body["summary"],
                description=row.body["description"],
                labels=row.body["labels"],
                annotations=row.body["annotations"],
                flags=tuple(row.body["flags"]),
                first_at=row.received_at,
                deliveries=row.deliveries,
            )
            for row in self._connection.execute(query)
        ]

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter that survives restarts, such as refused deliveries by reason."""
        changed = self._connection.execute(
            sa.update(t.counters).where(t.counters.c.name == name).values(value=t.counters.c.value + by)
        )
        if not changed.rowcount:
            self._connection.execute(sa.insert(t.counters).values(name=name, value=by))

    def counted(self) -> dict[str, float]:
        """All counters by name."""
        return {row.name: row.value for row in self._connection.execute(sa.select(t.counters))}


def _body(alert: Alert) -> dict[str, object]:
    """The alert as JSON; by hand, as copying it deeply takes longer than storing it."""
    return {
        "source": alert.source,
        "name": alert.name,
        "status": alert.status.value,
        "severity": int(alert.severity),
        "service": alert.service,
        "environment": alert.environment,
        "starts_at": alert.starts_at.isoformat(),
        "ends_at": alert.ends_at.isoformat() if alert.ends_at else None,
        "summary": alert.summary,
        "description": alert.description,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "flags": list(alert.flags),
        "origin": dict(alert.origin),
        "identity": alert.identity,
    }
