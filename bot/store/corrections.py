"""What people said of decisions: a delivery that should have paged, an incident that was noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Kind
from bot.domain.noise import Held
from bot.domain.quiet import Correction, StoredAlert
from bot.store import quiet_tables as t
from bot.store import triage_tables as h
from bot.store.records import Records


class Corrections(Records):
    def add(
        self, delivery: StoredAlert, by: str, until: datetime, incident_id: int | None, opened: bool
    ) -> tuple[Correction, bool]:
        """Keep that this delivery should have paged; the known one and False when that was said before."""
        known = self.of_alert(delivery.id)
        if known is not None and known.undone_at is None:
            return known, False
        values: dict[str, object] = {
            "alert_id": delivery.id,
            "fingerprint": delivery.fingerprint,
            "decision": delivery.decision.value,
            "reason": delivery.reason,
            "by": by,
            "at": self._now,
            "until": until,
            "incident_id": incident_id,
            "opened": opened,
        }
        if known is None:
            self._connection.execute(sa.insert(t.corrections).values(values))
        else:
            again = values | {"undone_at": None, "undone_by": ""}
            self._connection.execute(
                sa.update(t.corrections).where(t.corrections.c.id == known.id).values(again)
            )
        made = self.of_alert(delivery.id)
        assert made is not None
        return made, True

    def get(self, correction_id: int) -> Correction | None:
        return self._one(t.corrections.c.id == correction_id)

    def of_alert(self, alert_id: int) -> Correction | None:
        return self._one(t.corrections.c.alert_id == alert_id)

    def holding(self) -> dict[str, list[Correction]]:
        """What holds now, by series."""
        found: dict[str, list[Correction]] = {}
        for one in self._many(t.corrections.c.until > self._now, t.corrections.c.undone_at.is_(None)):
            found.setdefault(one.fingerprint, []).append(one)
        return found

    def told_in(self, correction_id: int, incident_id: int) -> None:
        """Its alert was told in that incident, opened for it."""
        of = t.corrections
        changed = sa.update(of).where(of.c.id == correction_id)
        self._connection.execute(changed.values(incident_id=incident_id, opened=True))

    def since(self, since: datetime) -> list[Correction]:
        """Those made since then, undone or not, the newest first."""
        return self._many(t.corrections.c.at >= since)[::-1]

    def due_now(self, fingerprint: str) -> bool:
        """A hold of this series ends now; False where none waits."""
        holds = h.triage_holds
        waits = (holds.c.fingerprint == fingerprint, holds.c.outcome == Held.WAITS.value)
        changed = self._connection.execute(sa.update(holds).where(*waits).values(due_at=self._now))
        return changed.rowcount > 0

    def undo(self, correction_id: int, by: str) -> bool:
        """Take it back; False when that was done before."""
        changed = self._connection.execute(
            sa.update(t.corrections)
            .where(t.corrections.c.id == correction_id, t.corrections.c.undone_at.is_(None))
            .values(undone_at=self._now, undone_by=by)
        )
        return changed.rowcount == 1

    def dismiss(self, incident_id: int, names: Sequence[str], by: str) -> bool:
        """A person says that this incident was noise: name, service, environment; False when said before."""
        query = sa.select(t.dismissals.c.incident_id).where(t.dismissals.c.incident_id == incident_id)
        if self._connection.execute(query).first() is not None:
            return False
        name, service, environment = names
        self._connection.execute(
            sa.insert(t.dismissals).values(
                incident_id=incident_id,
                name=name,
                service=service,
                environment=environment,
                by=by,
                at=self._now,
            )
        )
        return True

    def dismissed(self, since: datetime, names: Sequence[str]) -> tuple[int, int]:
        """How often the same was dismissed since then, and by how many people."""
        name, service, environment = names
        of = t.dismissals.c
        same = (of.name == name, of.service == service, of.environment == environment, of.at >= since)
        query = sa.select(sa.func.count(), sa.func.count(sa.distinct(of.by))).where(*same)
        count, people = self._connection.execute(query).one()
        return int(count), int(people)

    def _one(self, where: sa.ColumnElement[bool]) -> Correction | None:
        found = self._many(where)
        return found[0] if found else None

    def _many(self, *where: sa.ColumnElement[bool]) -> list[Correction]:
        query = sa.select(t.corrections).where(*where).order_by(t.corrections.c.id)
        return [_correction(row) for row in self._connection.execute(query)]


def _correction(row: Row[Any]) -> Correction:
    return Correction(**(dict(row._mapping) | {"decision": Kind(row.decision)}))
