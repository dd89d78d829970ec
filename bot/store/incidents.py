"""Incident rows; a change of state is a compare-and-set that checks the move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Alert, Severity
from bot.domain.incident import Incident, IncidentState, may_move
from bot.store import tables as t
from bot.store.records import Records, in_parts

# Made once, as each alert asks for them: building a statement takes longer than running it.
_GET = sa.select(t.incidents).where(t.incidents.c.id == sa.bindparam("incident_id"))
_GET_ALL = sa.select(t.incidents).where(t.incidents.c.id.in_(sa.bindparam("incident_ids", expanding=True)))
_RISE = sa.bindparam("severity", type_=sa.Integer)
_JOINED = (
    sa.update(t.incidents)
    .where(t.incidents.c.id == sa.bindparam("incident_id"))
    .values(
        alerts_received=t.incidents.c.alerts_received + sa.bindparam("many", type_=sa.Integer),
        severity=sa.case(
            (
                (t.incidents.c.severity < _RISE) & (sa.func.coalesce(t.incidents.c.overruled, 0) < _RISE),
                _RISE,
            ),
            else_=t.incidents.c.severity,
        ),
        changed_at=sa.bindparam("at"),
    )
)
_OPEN = (
    sa.select(t.incidents)
    .where(t.incidents.c.state.in_([state.value for state in IncidentState if state.is_open]))
    .where(~t.incidents.c.held)
    .order_by(t.incidents.c.id)
)
_LAST_ROUND = (
    sa.select(sa.func.max(t.diagnoses.c.round))
    .where(t.diagnoses.c.incident_id == t.incidents.c.id)
    .scalar_subquery()
)
_TO_INVESTIGATE = _OPEN.where(t.incidents.c.rounds > sa.func.coalesce(_LAST_ROUND, 0))


class Incidents(Records):
    def leave_gap(self, by: int) -> None:
        """The next incidents have numbers that none had before, even where some were lost."""
        self._leave_gap(t.incidents, by)

    def open(
        self, alert: Alert, title: str, previous: int | None, held: bool = False, opened_by: str = ""
    ) -> Incident:
        """A new incident in state triggered, for an alert that nothing explains; `held`: nobody is told yet.

        `opened_by` is who opened it by hand.
        """
        inserted = self._connection.execute(
            sa.insert(t.incidents).values(
                **self._numbered(t.incidents),
                title=title,
                service=alert.service,
                environment=alert.environment,
                severity=int(alert.severity),
                state=IncidentState.TRIGGERED.value,
                opened_at=self._now,
                changed_at=self._now,
                previous=previous,
                held=held,
                opened_by=opened_by,
            )
        )
        assert inserted.inserted_primary_key is not None
        incident = self.get(int(inserted.inserted_primary_key[0]))
        assert incident is not None
        return incident

    def get(self, incident_id: int) -> Incident | None:
        row = self._connection.execute(_GET, {"incident_id": incident_id}).first()
        return None if row is None else _incident(row)

    def get_all(self, incident_ids: Sequence[int]) -> dict[int, Incident]:
        """Those of these numbers that there are."""
        found: dict[int, Incident] = {}
        for some in in_parts(incident_ids):
            rows = self._connection.execute(_GET_ALL, {"incident_ids": some})
            found |= {row.id: _incident(row) for row in rows}
        return found

    def in_states(self, *states: IncidentState) -> list[Incident]:
        """Incidents in any of these states, oldest first; those that nobody was told of are not among
        them."""
        return self._in_states(states, held=False)

    def open_now(self) -> list[Incident]:
        """Incidents that are neither resolved nor closed, oldest first, but those that are held."""
        return [_incident(row) for row in self._connection.execute(_OPEN)]

    def to_investigate(self) -> list[Incident]:
        """Those of them with a round that has no diagnosis yet."""
        return [_incident(row) for row in self._connection.execute(_TO_INVESTIGATE)]

    def held_now(self) -> list[Incident]:
        """Open incidents that nobody was told of yet, oldest first."""
        return self._in_states([state for state in IncidentState if state.is_open], held=True)

    def _in_states(self, states: Sequence[IncidentState], held: bool) -> list[Incident]:
        wanted = [state.value for state in states]
        query = sa.select(t.incidents).where(t.incidents.c.state.in_(wanted), t.incidents.c.held == held)
        return [_incident(row) for row in self._connection.execute(query.order_by(t.incidents.c.id))]

    def told(self, incident_id: int) -> bool:
        """People are told of it from now on; False when they were before."""
        changed = self._connection.execute(
            sa.update(t.incidents)
            .where(t.incidents.c.id == incident_id, t.incidents.c.held)
            .values(held=False, changed_at=self._now)
        )
        return changed.rowcount == 1

    def move(self, incident_id: int, state: IncidentState, by: str = "") -> bool:
        """Move to `state` if that is a move of the life cycle; False leaves the row as it was."""
        sources = [old.value for old in IncidentState if may_move(old, state)]
        values: dict[str, object] = {"state": state.value, "changed_at": self._now}
        if state is IncidentState.RESOLVED:
            values |= {"resolved_at": self._now, "resolved_by": by}
        changed = self._connection.execute(
            sa.update(t.incidents)
            .where(t.incidents.c.id == incident_id, t.incidents.c.state.in_(sources))
            .values(values)
        )
        return changed.rowcount == 1

    def joined(self, joins: Iterable[tuple[int, Severity, int]]) -> None:
        """Count alerts of incidents: which, how grave the worst is, how many. The severity only ever
        rises."""
        rows = [
            {"incident_id": incident, "severity": int(severity), "at": self._now, "many": many}
            for incident, severity, many in joins
        ]
        if rows:
            self._connection.execute(_JOINED, rows)

    def rate(self, incident_id: int, severity: Severity) -> None:
        """A person says how grave it is; alerts no graver than it was until now change that no more."""
        table = t.incidents.c
        worst = sa.case(
            (sa.func.coalesce(table.overruled, 0) < table.severity, table.severity), else_=table.overruled
        )
        self._connection.execute(
            sa.update(t.incidents)
            .where(table.id == incident_id)
            .values(severity=int(severity), overruled=worst, changed_at=self._now)
        )

    def start_round(self, incident_id: int, seen: int) -> bool:
        """Begin investigation round `seen` + 1; False when that round was begun already."""
        changed = self._connection.execute(
            sa.update(t.incidents)
            .where(t.incidents.c.id == incident_id, t.incidents.c.rounds == seen)
            .values(rounds=seen + 1)
        )
        return changed.rowcount == 1

    def assign(self, incident_id: int, person: str) -> None:
        """Who has it; an empty text gives it back."""
        self._connection.execute(
            sa.update(t.incidents).where(t.incidents.c.id == incident_id).values(assignee=person)
        )


def _incident(row: Row[Any]) -> Incident:
    values = dict(row._mapping)
    values["severity"] = Severity(row.severity)
    values["state"] = IncidentState(row.state)
    values["overruled"] = None if row.overruled is None else Severity(row.overruled)
    return Incident(**values)
