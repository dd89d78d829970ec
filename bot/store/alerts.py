"""Alert deliveries, and the series (one per fingerprint) that triage remembers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Alert, AlertStatus, Kind, Severity
from bot.domain.noise import Delivery, Held, Series, Shown
from bot.domain.records import MOST_ALERTS, SeenAlert
from bot.store import tables as t
from bot.store import triage_tables as tt
from bot.store.beats import Beats
from bot.store.records import Records, in_parts
from bot.store.triage import series_of

# Made once, as each batch asks for them: building a statement takes longer than running it.
_SERIES = sa.select(t.series).where(t.series.c.fingerprint.in_(sa.bindparam("marks", expanding=True)))
_COUNT = (
    sa.update(t.counters)
    .where(t.counters.c.name == sa.bindparam("counter"))
    .values(value=t.counters.c.value + sa.bindparam("by", type_=sa.Float))
)


class Alerts(Records):
    def series(self, fingerprints: Sequence[str]) -> dict[str, Series]:
        """The series of these fingerprints that were ever delivered."""
        found: dict[str, Series] = {}
        for some in in_parts(fingerprints):
            rows = self._connection.execute(_SERIES, {"marks": some})
            found |= {row.fingerprint: series_of(row) for row in rows}
        return found

    def add(self, deliveries: Sequence[Delivery]) -> list[int]:
        """Store deliveries with what was decided of each; their numbers, in the same order."""
        if not deliveries:
            return []
        beats = Beats(self._connection, self._now)
        for one in deliveries:
            if one.decision.kind is Kind.HEARTBEAT:
                beats.seen(one.fingerprint, one.alert)
        rows = [self._row(one) for one in deliveries]
        if self._connection.dialect.name == "sqlite":
            # It numbers rows one by one, and nobody else writes now. Asked for the numbers themselves,
            # SQLAlchemy would insert row by row.
            self._connection.execute(sa.insert(t.alerts), rows)
            last = self._newest_id(t.alerts)
            return list(range(last - len(rows) + 1, last + 1))
        insert = sa.insert(t.alerts).returning(t.alerts.c.id, sort_by_parameter_order=True)
        return list(self._connection.execute(insert, rows).scalars())

    def _row(self, one: Delivery) -> dict[str, object]:
        decision = one.decision
        return {
            "received_at": self._now,
            "fingerprint": one.fingerprint,
            "incident_id": one.incident,
            "decision": decision.kind.value,
            "reason": decision.reason,
            "body": _body(one.alert),
            "told_at": one.told_at,
            "held_until": decision.hold_until,
            "mute_id": decision.mute,
        }

    def told(self, alert_id: int) -> None:
        """People are told now because of this delivery, which was held."""
        self._connection.execute(
            sa.update(t.alerts).where(t.alerts.c.id == alert_id).values(told_at=self._now)
        )

    def shown(self, incident_id: int) -> Shown:
        """How much of an incident people saw, and why the rest not."""
        alerts, holds = t.alerts, tt.triage_holds
        kinds = sa.select(alerts.c.decision, sa.func.count(), sa.func.count(alerts.c.told_at)).where(
            alerts.c.incident_id == incident_id, alerts.c.decision != Kind.RESOLVED.value
        )
        rows = [tuple(row) for row in self._connection.execute(kinds.group_by(alerts.c.decision))]
        waiting = sa.select(sa.func.count(), sa.func.min(holds.c.due_at)).where(
            holds.c.incident_id == incident_id, holds.c.outcome == Held.WAITS.value
        )
        held, until = self._connection.execute(waiting).one()
        return Shown(
            received=sum(many for _, many, _ in rows),
            told=sum(told for _, _, told in rows),
            absorbed={Kind(kind): many - told for kind, many, told in rows if many > told},
            held_until=until,
            held=held,
        )

    def of_incident(self, incident_id: int, limit: int = MOST_ALERTS) -> list[SeenAlert]:
        """The series of the incident, oldest first: each once, with the gravest that it said."""
        own = t.alerts.c.incident_id == incident_id
        first = (
            sa.select(sa.func.min(t.alerts.c.id).label("id"), t.alerts.c.fingerprint)
            .where(own)
            .group_by(t.alerts.c.fingerprint)
            .order_by(sa.func.min(t.alerts.c.id))
            .limit(limit)
            .subquery()
        )
        gravest = self._gravest(own, sa.select(first.c.fingerprint))
        query: sa.Select[Any] = (
            sa.select(
                t.alerts.c.id,
                t.alerts.c.body,
                t.alerts.c.received_at,
                gravest.c.body.label("says"),
                t.series.c.status,
                t.series.c.deliveries,
            )
            .join(first, first.c.id == t.alerts.c.id)
            .outerjoin(gravest, gravest.c.fingerprint == t.alerts.c.fingerprint)
            # A series that was over long ago is forgotten.
            .outerjoin(t.series, t.series.c.fingerprint == t.alerts.c.fingerprint)
            .order_by(t.alerts.c.id)
        )
        return [_seen(row) for row in self._connection.execute(query)]

    def _gravest(self, own: sa.ColumnElement[bool], marks: sa.Select[Any]) -> sa.Subquery:
        """Of each of these series the gravest of what people were told and what it says now; the newer first.

        What rises is told, so nothing graver is left out; to read all that a storm repeated would take long.
        """
        c = t.alerts.c
        place = sa.func.row_number().over(
            partition_by=c.fingerprint, order_by=(c.body["severity"].as_integer().desc(), c.id.desc())
        )
        those = sa.and_(own, c.decision != Kind.RESOLVED.value, c.fingerprint.in_(marks))
        last = sa.select(sa.func.max(c.id)).where(those).group_by(c.fingerprint)
        candidates = sa.or_(c.told_at.is_not(None), c.id.in_(last))
        ranked = sa.select(c.fingerprint, c.body, place.label("place")).where(those, candidates)
        every = ranked.subquery()
        return sa.select(every.c.fingerprint, every.c.body).where(every.c.place == 1).subquery()

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter that survives restarts, such as refused deliveries by reason."""
        changed = self._connection.execute(_COUNT, {"counter": name, "by": by})
        if not changed.rowcount:
            self._connection.execute(sa.insert(t.counters).values(name=name, value=by))

    def counted(self) -> dict[str, float]:
        """All counters by name."""
        return {row.name: row.value for row in self._connection.execute(sa.select(t.counters))}


def _seen(row: Row[Any]) -> SeenAlert:
    says = row.says or row.body
    return SeenAlert(
        id=row.id,
        name=says["name"],
        severity=Severity(says["severity"]),
        status=AlertStatus(row.status or AlertStatus.RESOLVED),
        summary=says["summary"],
        description=says["description"],
        labels=says["labels"],
        annotations=says["annotations"],
        flags=tuple(says["flags"]),
        first_at=row.received_at,
        deliveries=row.deliveries or 1,
        began_at=datetime.fromisoformat(row.body["starts_at"]),
        origin=says.get("origin", {}),
    )


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
