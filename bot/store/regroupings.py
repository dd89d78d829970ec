"""Series that people moved from one incident to another; their deliveries go with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import AlertStatus, Severity
from bot.domain.incident import IncidentState
from bot.domain.quiet import Regroup, Regrouping
from bot.store import quiet_tables as q
from bot.store import tables as t
from bot.store.records import Records, in_parts


class Regroupings(Records):
    def fingerprints(self, incident_id: int) -> list[str]:
        """The series of an incident, in the order in which they came."""
        query = (
            sa.select(t.alerts.c.fingerprint, sa.func.min(t.alerts.c.id).label("first"))
            .where(t.alerts.c.incident_id == incident_id)
            .group_by(t.alerts.c.fingerprint)
            .order_by("first")
        )
        return [str(row.fingerprint) for row in self._connection.execute(query)]

    def move(self, fingerprints: Sequence[str], source: int, target: int) -> None:
        """Take all deliveries of these series from one incident to another; triage moves the series."""
        of = t.alerts
        for some in in_parts(fingerprints):
            changed = sa.update(of).where(of.c.incident_id == source, of.c.fingerprint.in_(some))
            self._connection.execute(changed.values(incident_id=target))

    def firing(self, incident_id: int) -> int:
        """How many series of the incident fire."""
        fires = t.series.c.status == AlertStatus.FIRING.value
        query = sa.select(sa.func.count()).where(t.series.c.incident_id == incident_id, fires)
        return int(self._connection.execute(query).scalar_one())

    def recount(self, incident_id: int) -> None:
        """Counts and severity of an incident by the deliveries that it has now; what a person said of it
        holds."""
        of = t.alerts.c
        worst = sa.func.max(of.body["severity"].as_integer())
        query = sa.select(sa.func.count(), worst).where(
            of.incident_id == incident_id, of.decision != "resolved"
        )
        count, found = self._connection.execute(query).one()
        values: dict[str, object] = {"alerts_received": int(count), "changed_at": self._now}
        if found is not None:
            severity, own = int(Severity(int(found))), t.incidents.c
            holds = sa.func.coalesce(own.overruled, 0) >= severity
            values["severity"] = sa.case((holds, own.severity), else_=severity)
        self._connection.execute(sa.update(t.incidents).where(t.incidents.c.id == incident_id).values(values))

    def reopen(self, incident_id: int, state: IncidentState) -> bool:
        """Back to the state from before a merge that is taken back: no move of the life cycle."""
        changed = self._connection.execute(
            sa.update(t.incidents)
            .where(t.incidents.c.id == incident_id, t.incidents.c.state == IncidentState.RESOLVED.value)
            .values(state=state.value, changed_at=self._now, resolved_at=None, resolved_by="")
        )
        return changed.rowcount == 1

    def add(
        self, kind: Regroup, source: int, target: int, moved: Sequence[str], before: str, by: str
    ) -> Regrouping:
        inserted = self._connection.execute(
            sa.insert(q.regroupings).values(
                kind=kind.value,
                source=source,
                target=target,
                moved=list(moved),
                before=before,
                by=by,
                at=self._now,
            )
        )
        assert inserted.inserted_primary_key is not None
        made = self.get(int(inserted.inserted_primary_key[0]))
        assert made is not None
        return made

    def get(self, regrouping_id: int) -> Regrouping | None:
        found = self._many(q.regroupings.c.id == regrouping_id)
        return found[0] if found else None

    def undo(self, regrouping_id: int, by: str) -> bool:
        """Mark it as taken back; False when it was before."""
        changed = self._connection.execute(
            sa.update(q.regroupings)
            .where(q.regroupings.c.id == regrouping_id, q.regroupings.c.undone_at.is_(None))
            .values(undone_at=self._now, undone_by=by)
        )
        return changed.rowcount == 1

    def of_incident(self, incident_id: int) -> list[Regrouping]:
        """What was split from it or into it, and merged, as far as it still holds, oldest first."""
        holds = q.regroupings.c.undone_at.is_(None)
        either = sa.or_(q.regroupings.c.source == incident_id, q.regroupings.c.target == incident_id)
        return self._many(holds, either)

    def merged_into(self, incident_id: int) -> int | None:
        """The incident into which this one was merged, as long as that holds."""
        kind, holds = q.regroupings.c.kind == Regroup.MERGED.value, q.regroupings.c.undone_at.is_(None)
        found = self._many(kind, holds, q.regroupings.c.source == incident_id)
        return found[-1].target if found else None

    def since(self, since: datetime) -> list[Regrouping]:
        return self._many(q.regroupings.c.at >= since)

    def _many(self, *where: sa.ColumnElement[bool]) -> list[Regrouping]:
        query = sa.select(q.regroupings).where(*where).order_by(q.regroupings.c.id)
        return [_regrouping(row) for row in self._connection.execute(query)]


def _regrouping(row: Row[Any]) -> Regrouping:
    return Regrouping(**(dict(row._mapping) | {"kind": Regroup(row.kind), "moved": tuple(row.moved)}))
