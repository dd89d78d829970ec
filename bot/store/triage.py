"""What triage remembers, as rows: written with the deliveries that it stands on, read at the start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Row

from bot.domain.alert import AlertStatus, Severity
from bot.domain.by_hand import PERSON
from bot.domain.incident import IncidentState
from bot.domain.noise import Group, Held, Hold, Remembered, Series, Trace
from bot.store import tables as t
from bot.store import triage_tables as tt
from bot.store.records import Records, in_parts

_OPEN = [state.value for state in IncidentState if state.is_open]
_REVISION = sa.select(tt.triage_revision.c.value)
_DAY = timedelta(days=1)
_MOST_PAST, _MOST_PLACES = 500, 50_000
Place = tuple[str, str, str, str]


class Triage(Records):
    def revision(self) -> int:
        """Changes whenever somebody else changed what triage remembers."""
        return self._connection.execute(_REVISION).scalar() or 0

    def touch(self) -> None:
        """What triage has in memory is no longer true: it reads the rows anew."""
        table = tt.triage_revision
        changed = self._connection.execute(sa.update(table).values(value=table.c.value + 1))
        if not changed.rowcount:
            self._connection.execute(sa.insert(table).values(id=1, value=1))

    def remembered(self) -> Remembered:
        """All that is to be in memory, but the series: those are read when they are asked for."""
        groups, traces, openings = tt.triage_groups, tt.triage_traces, tt.triage_groups
        still_open = (
            sa.select(groups)
            .join(t.incidents, t.incidents.c.id == groups.c.incident_id)
            .where(t.incidents.c.state.in_(_OPEN))
        )
        found = [_group(row) for row in self._connection.execute(still_open)]
        of_open = sa.select(traces).where(
            traces.c.incident_id.in_(sa.select(t.incidents.c.id).where(t.incidents.c.state.in_(_OPEN)))
        )
        lately = sa.select(openings.c.opened_at, openings.c.name).where(
            openings.c.opened_at >= self._now - _DAY
        )
        waiting = sa.select(tt.triage_holds).where(tt.triage_holds.c.outcome == Held.WAITS.value)
        return Remembered(
            revision=self.revision(),
            groups=found,
            traces=[(row.incident_id, _trace(row)) for row in self._connection.execute(of_open)],
            holds=[_hold(row) for row in self._connection.execute(waiting)],
            habits=[(r.key, tuple(r.seconds)) for r in self._connection.execute(sa.select(tt.triage_habits))],
            openings=[(row.opened_at, row.name) for row in self._connection.execute(lately)],
            since=self._connection.execute(sa.select(sa.func.min(groups.c.opened_at))).scalar(),
            past=self._past(),
            places=self._places(),
        )

    def _past(self) -> list[frozenset[str]]:
        """The services of the incidents that are over, the newest last."""
        traces = tt.triage_traces
        query = (
            sa.select(traces.c.incident_id, traces.c.service)
            .join(t.incidents, t.incidents.c.id == traces.c.incident_id)
            .where(t.incidents.c.state.not_in(_OPEN), traces.c.service != "")
            .distinct()
            .order_by(traces.c.incident_id.desc())
            .limit(_MOST_PLACES)
        )
        services: dict[int, set[str]] = {}
        for row in self._connection.execute(query):
            services.setdefault(row.incident_id, set()).add(row.service)
        several = [frozenset(found) for found in services.values() if len(found) > 1]
        return several[:_MOST_PAST][::-1]

    def _places(self) -> list[Trace]:
        """Every service and host that was ever in a trace, as traces without a name."""
        traces = tt.triage_traces
        query = sa.select(traces.c.service, traces.c.host, sa.func.max(traces.c.at).label("at"))
        rows = self._connection.execute(query.group_by(traces.c.service, traces.c.host).limit(_MOST_PLACES))
        return [Trace("", row.service, row.host, "", row.at) for row in rows]

    def save(
        self,
        series: Iterable[tuple[Series, int]],
        groups: Iterable[Group],
        traces: Mapping[tuple[int, Place], Trace | None],
        habits: Mapping[str, tuple[float, ...]],
    ) -> None:
        """Write what changed; each series with how often it was delivered since it was written last."""
        self._put(t.series, [_series_row(one, by) for one, by in series])
        self._put(tt.triage_groups, [_group_row(group) for group in groups])
        gone = [(incident, place) for (incident, place), trace in traces.items() if trace is None]
        for incident, place in gone:
            self._connection.execute(
                sa.delete(tt.triage_traces).where(
                    tt.triage_traces.c.incident_id == incident, tt.triage_traces.c.mark == _mark(place)
                )
            )
        kept = [_trace_row(incident, trace) for (incident, _), trace in traces.items() if trace is not None]
        self._put(tt.triage_traces, kept)
        self._put(tt.triage_habits, [{"key": k, "seconds": list(v)} for k, v in habits.items()])

    def _put(self, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows, or update those whose key is there."""
        if rows:
            self._connection.execute(_upsert(table, self._connection.dialect.name), list(rows))

    def hold(self, holds: Sequence[Hold]) -> None:
        """Holds that begin."""
        if holds:
            self._connection.execute(sa.insert(tt.triage_holds), [_hold_row(hold) for hold in holds])

    def waiting(self, fingerprints: Sequence[str]) -> list[Hold]:
        """Holds of these series that wait still."""
        holds = tt.triage_holds
        found: list[Hold] = []
        for some in in_parts(fingerprints):
            query = sa.select(holds).where(holds.c.fingerprint.in_(some), holds.c.outcome == Held.WAITS.value)
            found += [_hold(row) for row in self._connection.execute(query)]
        return found

    def put_off(self, hold: Hold, why: str) -> None:
        """It ends later than was thought; the delivery that it stands on says so, and why."""
        self._connection.execute(_waiting_like(sa.update(tt.triage_holds), hold).values(due_at=hold.due_at))
        alerts = t.alerts.c
        self._connection.execute(
            sa.update(t.alerts)
            .where(alerts.id == hold.alert_id)
            .values(held_until=hold.due_at, reason=alerts.reason + f" {why}")
        )

    def end_hold(self, hold: Hold, outcome: Held) -> None:
        changed = _waiting_like(sa.update(tt.triage_holds), hold)
        self._connection.execute(changed.values(ended_at=self._now, outcome=outcome.value))

    def silent(self, since: datetime, limit: int = 500) -> list[Series]:
        """Series that fire in an open incident, are not critical, and were not heard of since then."""
        query = (
            sa.select(t.series)
            .join(tt.triage_groups, tt.triage_groups.c.incident_id == t.series.c.incident_id)
            .join(t.incidents, t.incidents.c.id == t.series.c.incident_id)
            .where(
                t.incidents.c.state.in_(_OPEN),
                t.series.c.status == AlertStatus.FIRING.value,
                t.series.c.severity < int(Severity.CRITICAL),
                t.series.c.source != PERSON,
                t.series.c.last_at < since,
            )
            .order_by(t.series.c.last_at, t.series.c.fingerprint)
            .limit(limit)
        )
        return [series_of(row) for row in self._connection.execute(query)]

    def retie(self, fingerprints: Sequence[str], incident_id: int) -> None:
        """Move series to another incident, with what is held of them; triage then reads its rows anew."""
        for fingerprint in fingerprints:
            own = t.series.c.fingerprint == fingerprint
            self._connection.execute(sa.update(t.series).where(own).values(incident_id=incident_id))
            held = sa.update(tt.triage_holds).where(
                tt.triage_holds.c.fingerprint == fingerprint, tt.triage_holds.c.outcome == Held.WAITS.value
            )
            self._connection.execute(held.values(incident_id=incident_id))
        self._recount()
        self.touch()

    def _recount(self) -> None:
        """How many series of each open incident fire, as the series say."""
        fires = (
            sa.select(sa.func.count())
            .where(
                t.series.c.incident_id == tt.triage_groups.c.incident_id,
                t.series.c.status == AlertStatus.FIRING.value,
            )
            .scalar_subquery()
        )
        self._connection.execute(sa.update(tt.triage_groups).values(firing=fires))


_ADDED, _KEPT = frozenset({"deliveries"}), frozenset({"first_at"})


@cache
def _upsert(table: sa.Table, dialect: str) -> sa.Executable:
    """Insert, or update where the key is there: `deliveries` grow by what is given, `first_at` stays."""
    module: Any = postgresql if dialect == "postgresql" else sqlite
    insert = module.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {
        column.name: column + insert.excluded[column.name]
        if column.name in _ADDED
        else insert.excluded[column.name]
        for column in table.columns
        if column.name not in keys and column.name not in _KEPT
    }
    statement: sa.Executable = insert.on_conflict_do_update(index_elements=keys, set_=values)
    return statement


def _waiting_like(statement: sa.Update, hold: Hold) -> sa.Update:
    holds = tt.triage_holds
    return statement.where(
        holds.c.incident_id == hold.incident,
        holds.c.fingerprint == hold.fingerprint,
        holds.c.alert_id == hold.alert_id,
        holds.c.outcome == Held.WAITS.value,
    )


def series_of(row: Row[Any]) -> Series:
    """A series as its row has it; one written by an older Vigie began when it was heard of first."""
    return Series(
        row.fingerprint,
        AlertStatus(row.status),
        Severity(row.severity),
        row.began_at or row.first_at,
        row.last_at,
        row.incident_id,
        row.starts_at,
        row.ended_at,
        tuple(datetime.fromisoformat(at) for at in row.fires or ()),
        row.name,
        row.source,
    )


def _series_row(series: Series, deliveries: int) -> dict[str, object]:
    return {
        "fingerprint": series.fingerprint,
        "status": series.status.value,
        "severity": int(series.severity),
        "first_at": series.began_at,
        "last_at": series.last_at,
        "deliveries": deliveries,
        "incident_id": series.incident,
        "name": series.name,
        "source": series.source,
        "began_at": series.began_at,
        "ended_at": series.ended_at,
        "starts_at": series.starts_at,
        "fires": [at.isoformat() for at in series.fires],
    }


def _group(row: Row[Any]) -> Group:
    return Group(
        row.incident_id,
        row.environment,
        Severity(row.severity),
        row.moved_at,
        row.firing,
        row.told_at,
        {mark: datetime.fromisoformat(at) for mark, at in row.told.items()},
        row.calm_at,
        row.name,
        row.opened_at,
    )


def _group_row(group: Group) -> dict[str, object]:
    return {
        "incident_id": group.incident,
        "environment": group.environment,
        "moved_at": group.moved_at,
        "firing": group.firing,
        "severity": int(group.severity),
        "told_at": group.told_at,
        "told": {mark: at.isoformat() for mark, at in group.told.items()},
        "calm_at": group.calm_at,
        "name": group.name,
        "opened_at": group.opened_at,
    }


def _mark(place: Place) -> str:
    hasher = hashlib.sha256()
    for part in place:
        raw = part.encode("utf-8", "surrogatepass")
        hasher.update(len(raw).to_bytes(8, "big") + raw)
    return hasher.hexdigest()[:32]


def _trace(row: Row[Any]) -> Trace:
    return Trace(row.name, row.service, row.host, row.unit, row.at)


def _trace_row(incident: int, trace: Trace) -> dict[str, object]:
    named = {"name": trace.name, "service": trace.service, "host": trace.host, "unit": trace.unit}
    return {"incident_id": incident, "mark": _mark(trace.place), **named, "at": trace.at}


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.incident_id, row.fingerprint, row.alert_id, row.began_at, row.due_at, row.mark)


def _hold_row(hold: Hold) -> dict[str, object]:
    return {
        "incident_id": hold.incident,
        "fingerprint": hold.fingerprint,
        "alert_id": hold.alert_id,
        "began_at": hold.began_at,
        "due_at": hold.due_at,
        "mark": hold.mark,
        "outcome": Held.WAITS.value,
    }
