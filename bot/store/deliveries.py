"""Reading what was delivered: by time, by incident, and counted by what was decided of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Alert, AlertStatus, Kind, Severity
from bot.domain.quiet import StoredAlert, Tally
from bot.store import quiet_tables as q
from bot.store import tables as t
from bot.store import triage_tables as h
from bot.store.records import Records

_OF = t.alerts.c
_NAME = _OF.body["name"].as_string()
_SEVERITY = _OF.body["severity"].as_integer()
_UNSEEN = sa.or_(_OF.incident_id.is_(None), t.incidents.c.held)
_FIRES = _OF.body["status"].as_string() == AlertStatus.FIRING.value


class Deliveries(Records):
    def get(self, alert_id: int) -> StoredAlert | None:
        row = self._connection.execute(sa.select(t.alerts).where(_OF.id == alert_id)).first()
        return None if row is None else _delivery(row)

    def first_since(self, since: datetime) -> int:
        """The number of the first delivery since then. Time never goes back, so numbers are in its order."""
        low, high = self._ends()
        while low < high:
            middle = (low + high) // 2
            query = sa.select(_OF.id, _OF.received_at).where(_OF.id >= middle).order_by(_OF.id).limit(1)
            row = self._connection.execute(query).first()
            if row is None or row.received_at >= since:
                high = middle
            else:
                low = row.id + 1
        return low

    def tallies(self, since: datetime) -> list[Tally]:
        """Firing deliveries since then, counted by decision, reason, name and severity."""
        return self._tallied(_OF.id >= self.first_since(since))

    def tallies_of(self, incident_id: int) -> list[Tally]:
        """The same of one incident, whenever they came."""
        return self._tallied(_OF.incident_id == incident_id)

    def _tallied(self, which: sa.ColumnElement[bool]) -> list[Tally]:
        query = (
            sa.select(
                _OF.decision,
                _OF.reason,
                _NAME.label("name"),
                _SEVERITY.label("severity"),
                sa.func.count().label("many"),
                sa.func.max(_OF.id).label("newest"),
                _OF.told_at.is_not(None).label("told"),
                _UNSEEN.label("unseen"),
            )
            .outerjoin(t.incidents, t.incidents.c.id == _OF.incident_id)
            .where(which, _FIRES)
            .group_by(_OF.decision, _OF.reason, _NAME, _SEVERITY, _OF.told_at.is_not(None), _UNSEEN)
        )
        return [
            Tally(
                Kind(r.decision),
                r.reason,
                r.name,
                Severity(r.severity),
                int(r.many),
                int(r.newest),
                bool(r.told),
                bool(r.unseen),
            )
            for r in self._connection.execute(query)
        ]

    def following(self, after: int, limit: int) -> list[StoredAlert]:
        """The deliveries above a number in the order of arrival, at most `limit`."""
        query = sa.select(t.alerts).where(_OF.id > after).order_by(_OF.id).limit(limit)
        return [_delivery(row) for row in self._connection.execute(query)]

    def series_since(self, since: datetime) -> list[tuple[StoredAlert, int]]:
        """The newest firing delivery of each series and severity since then, with how many there were."""
        groups = (
            sa.select(sa.func.max(_OF.id).label("newest"), sa.func.count().label("many"))
            .where(_OF.id >= self.first_since(since), _FIRES)
            .group_by(_OF.fingerprint, _SEVERITY)
            .subquery()
        )
        query = sa.select(t.alerts, groups.c.many).join(groups, groups.c.newest == _OF.id).order_by(_OF.id)
        return [(_delivery(row), int(row.many)) for row in self._connection.execute(query)]

    def muted_by(self, mute_id: int) -> int:
        """How many deliveries that mute kept quiet."""
        query = sa.select(sa.func.count()).where(self._muted(mute_id))
        return int(self._connection.execute(query).scalar_one())

    def still_muted(self, mute_id: int) -> list[Alert]:
        """Of each series that fires still and that this mute kept quiet last: its newest delivery."""
        newest = sa.select(sa.func.max(_OF.id)).where(self._muted(mute_id)).group_by(_OF.fingerprint)
        query = (
            sa.select(t.alerts)
            .join(t.series, t.series.c.fingerprint == _OF.fingerprint)
            .where(_OF.id.in_(newest), t.series.c.status == AlertStatus.FIRING.value)
            .where(t.series.c.last_at == _OF.received_at)
            .order_by(_OF.id)
        )
        return [_delivery(row).alert() for row in self._connection.execute(query)]

    def page(self, incident_id: int, decisions: Sequence[Kind], after: int, limit: int) -> list[StoredAlert]:
        """Deliveries of an incident that were decided so, oldest first, those above the number `after`."""
        wanted = _OF.decision.in_([kind.value for kind in decisions])
        query = sa.select(t.alerts).where(_OF.incident_id == incident_id, wanted, _OF.id > after)
        return [_delivery(row) for row in self._connection.execute(query.order_by(_OF.id).limit(limit))]

    def series_of(self, incident_id: int, limit: int) -> list[StoredAlert]:
        """The first delivery of each series of an incident, oldest first."""
        first = (
            sa.select(sa.func.min(_OF.id))
            .where(_OF.incident_id == incident_id, _FIRES)
            .group_by(_OF.fingerprint)
        )
        query = sa.select(t.alerts).where(_OF.id.in_(first)).order_by(_OF.id).limit(limit)
        return [_delivery(row) for row in self._connection.execute(query)]

    def count_of(self, incident_id: int) -> dict[Kind, int]:
        """How many deliveries of an incident were decided which way."""
        query = (
            sa.select(_OF.decision, sa.func.count())
            .where(_OF.incident_id == incident_id)
            .group_by(_OF.decision)
        )
        return {Kind(decision): int(count) for decision, count in self._connection.execute(query)}

    def told_of(self, incident_id: int) -> int:
        """How many deliveries of an incident people were told of."""
        told = (_OF.incident_id == incident_id, _OF.told_at.is_not(None))
        return int(self._connection.execute(sa.select(sa.func.count()).where(*told)).scalar_one())

    def held_now(self, limit: int) -> list[StoredAlert]:
        """What nobody is told of yet, the one that waits longest first."""
        holds = h.triage_holds.c
        waits = sa.select(holds.alert_id).where(holds.outcome == "").order_by(holds.due_at).limit(limit)
        query = sa.select(t.alerts).where(_OF.id.in_(waits)).order_by(_OF.id)
        return [_delivery(row) for row in self._connection.execute(query)]

    def held_until(self) -> dict[int, tuple[int, datetime]]:
        """By incident, of what nobody was told of yet: the delivery that is told first, and when."""
        holds = h.triage_holds.c
        query = sa.select(holds.incident_id, holds.alert_id, holds.due_at).where(holds.outcome == "")
        rows = self._connection.execute(query.order_by(holds.due_at.desc(), holds.alert_id.desc()))
        return {row.incident_id: (row.alert_id, row.due_at) for row in rows}

    def quiet_now(self, kind: Kind, since: datetime, limit: int) -> list[StoredAlert]:
        """Of each series that fires and was decided so since then: its newest delivery, the newest first."""
        newest = (
            sa.select(sa.func.max(_OF.id))
            .where(_OF.id >= self.first_since(since), _OF.decision == kind.value)
            .group_by(_OF.fingerprint)
        )
        query = (
            sa.select(t.alerts)
            .join(t.series, t.series.c.fingerprint == _OF.fingerprint)
            .where(_OF.id.in_(newest), t.series.c.status == AlertStatus.FIRING.value)
        )
        return [
            _delivery(row) for row in self._connection.execute(query.order_by(_OF.id.desc()).limit(limit))
        ]

    def newest_with(self, kind: Kind, since: datetime, limit: int) -> list[StoredAlert]:
        """The newest deliveries that were decided so, one of each series, the newest first."""
        newest = (
            sa.select(sa.func.max(_OF.id))
            .where(_OF.id >= self.first_since(since), _OF.decision == kind.value)
            .group_by(_OF.fingerprint)
        )
        query = sa.select(t.alerts).where(_OF.id.in_(newest)).order_by(_OF.id.desc()).limit(limit)
        return [_delivery(row) for row in self._connection.execute(query)]

    def _muted(self, mute_id: int) -> sa.ColumnElement[bool]:
        """By the time in which the mute was in force, as that is what deliveries can be found by."""
        starts = self._connection.execute(
            sa.select(q.mutes.c.starts_at).where(q.mutes.c.id == mute_id)
        ).scalar()
        first = self.first_since(starts) if starts is not None else 0
        return sa.and_(_OF.id >= first, _OF.mute_id == mute_id, _FIRES)

    def _ends(self) -> tuple[int, int]:
        low, high = self._connection.execute(sa.select(sa.func.min(_OF.id), sa.func.max(_OF.id))).one()
        return (0, 0) if low is None else (int(low), int(high) + 1)


def _delivery(row: Row[Any]) -> StoredAlert:
    return StoredAlert(
        row.id,
        row.received_at,
        row.fingerprint,
        row.incident_id,
        Kind(row.decision),
        row.reason,
        row.body,
        row.told_at,
        row.mute_id,
    )
