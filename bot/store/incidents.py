"""Incident rows; a change of state is a compare-and-set that checks the move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Alert, Severity
from bot.domain.incident import Incident, IncidentState, may_move
from bot.store import tables as t
from bot.store.records import Records


class Incidents(Records):
    def leave_gap(self, by: int) -> None:
        """The next incidents have numbers that none had before, even where some were lost."""
        self._leave_gap(t.incidents, by)

    def open(self, alert: Alert, title: str, previous: int | None, held: bool = False) -> Incident:
        """A new incident in state triggered, for an alert that nothing explains; `held`: nobody is told
        yet."""
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
            )
        )
        assert inserted.inserted_primary_key is not None
        incident = self.get(int(inserted.inserted_primary_key[0]))
        assert incident is not None
        return incident

    def get(self, incident_id: int) -> Incident | None:
        row = self._connection.execute(sa.select(t.incidents).where(t.incidents.c.id == incident_id)).first()
        return None if row is None else _incident(row)

    def in_states(self, *states: IncidentState) -> list[Incident]:
        """Incidents in any of these states, oldest first; those that nobody was told of are not among
        them."""
        return self._in_states(states, held=False)

    def open_now(self) -> list[Incident]:
        """Incidents that are neither resolved nor closed, oldest first, but those that are held."""
        return self.in_states(*(state for state in IncidentState if state.is_open))

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

    def joined(self, incident_id: int, severity: Severity, by: int = 1) -> None:
        """Count more alerts; the severity only ever rises."""
        self._connection.execute(
            sa.update(t.incidents)
            .where(t.incidents.c.id == incident_id)
            .values(
                alerts_received=t.incidents.c.alerts_received + by,
                severity=sa.case(
                    (t.incidents.c.severity < int(severity), int(severity)), else_=t.incidents.c.severity
                ),
                changed_at=self._now,
            )
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
    return Incident(**values)
