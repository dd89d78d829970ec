"""What flows back to sources: one row an incident, source and deed, written before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import BY_SILENCE, BY_SOURCE, IncidentState
from bot.domain.senders import Back, Deed
from bot.store import quiet_tables as q
from bot.store import tables as t
from bot.store.records import Records
from bot.store.source_tables import flow_back as f

_OVER = [state.value for state in IncidentState if not state.is_open]
_RECENT = timedelta(days=1)
_WAITS = sa.or_(f.c.settled_at.is_(None), f.c.settled_at < f.c.wanted_at)


class FlowBack(Records):
    def due(self, source: str, deed: Deed) -> list[tuple[int, str]]:
        """Incidents of the last day whose deed no row says yet: their numbers, and who did it."""
        known = sa.select(f.c.incident_id).where(f.c.source == source, f.c.deed == deed.value)
        i = t.incidents.c
        if deed is Deed.ACKNOWLEDGE:
            did, by = sa.and_(i.state.notin_(_OVER), i.assignee != ""), i.assignee
        else:
            # What became part of another incident goes on there.
            by_person = sa.and_(
                i.resolved_by.notin_(["", BY_SOURCE, BY_SILENCE]), ~i.resolved_by.startswith("merged:")
            )
            did, by = (
                sa.and_(i.state.in_(_OVER), by_person, i.resolved_at >= self._now - _RECENT),
                i.resolved_by,
            )
        query = sa.select(i.id, by).where(did, i.id.notin_(known)).order_by(i.id)
        return [(row[0], row[1]) for row in self._connection.execute(query)]

    def want(self, incident_id: int, source: str, deed: Deed, by: str, concerns: bool) -> None:
        """Note a deed; one that does not concern the source is settled at once, and not looked at again."""
        self._connection.execute(
            sa.insert(f).values(
                incident_id=incident_id,
                source=source,
                deed=deed.value,
                by=by,
                remote=[],
                wanted_at=self._now,
                settled_at=None if concerns else self._now,
            )
        )

    def late(self, source: str) -> list[tuple[int, str]]:
        """Open incidents that somebody has, which alerts of the source joined since it was told of that."""
        i, s = t.incidents.c, t.series.c
        joined = sa.exists().where(
            s.incident_id == f.c.incident_id,
            s.source == source,
            s.status == AlertStatus.FIRING.value,
            s.began_at > f.c.settled_at,
        )
        r = q.regroupings.c
        moved = sa.exists().where(r.target == f.c.incident_id, r.at > f.c.settled_at, r.undone_at.is_(None))
        query = (
            sa.select(i.id, i.assignee)
            .join(f, f.c.incident_id == i.id)
            .where(f.c.source == source, f.c.deed == Deed.ACKNOWLEDGE.value, ~_WAITS)
            .where(i.state.notin_(_OVER), i.assignee != "", sa.or_(joined, moved))
            .order_by(i.id)
        )
        return [(row[0], row[1]) for row in self._connection.execute(query)]

    def want_again(self, incident_id: int, source: str, by: str) -> None:
        """Tell the source of an acknowledgement once more, for what joined since it was told."""
        own = (f.c.incident_id == incident_id, f.c.source == source, f.c.deed == Deed.ACKNOWLEDGE.value)
        if not self.firing(incident_id, source, 1, self._settled_at(*own)):
            self._connection.execute(sa.update(f).where(*own).values(settled_at=self._now))
            return
        values = {"by": by, "wanted_at": self._now, "attempts": 0, "not_before": None, "problem": ""}
        self._connection.execute(sa.update(f).where(*own).values(values))

    def unsettled(self, source: str) -> list[Back]:
        """What waits for this source, oldest first, whether its time has come or not."""
        query = sa.select(f).where(f.c.source == source, _WAITS).order_by(f.c.id)
        return [_back(row) for row in self._connection.execute(query)]

    def of_incident(self, incident_id: int) -> list[Back]:
        query = sa.select(f).where(f.c.incident_id == incident_id).order_by(f.c.id)
        return [_back(row) for row in self._connection.execute(query)]

    def firing(self, incident_id: int, source: str, most: int, since: datetime | None = None) -> list[Alert]:
        """The alerts of the incident that this source sent and that fire by its last word, each once.

        `since`: only those that joined the incident after that.
        """
        newest = (
            sa.select(sa.func.max(t.alerts.c.id))
            .where(t.alerts.c.incident_id == incident_id)
            .group_by(t.alerts.c.fingerprint)
        )
        query = sa.select(t.alerts.c.body).where(
            t.alerts.c.id.in_(newest),
            t.alerts.c.body["source"].as_string() == source,
            t.alerts.c.body["status"].as_string() == AlertStatus.FIRING.value,
        )
        if since is not None:
            query = query.where(t.alerts.c.fingerprint.in_(self._joined(incident_id, since)))
        bodies = self._connection.execute(query.order_by(t.alerts.c.id).limit(most)).scalars()
        return [_alert(body) for body in bodies]

    def watched(self, source: str) -> list[int]:
        """Open incidents for which the source keeps silent since somebody took them."""
        query = (
            sa.select(f.c.incident_id, f.c.remote)
            .join(t.incidents, t.incidents.c.id == f.c.incident_id)
            .where(
                f.c.source == source,
                f.c.deed == Deed.ACKNOWLEDGE.value,
                f.c.settled_at.is_not(None),
                t.incidents.c.state.notin_(_OVER),
            )
        )
        return [row.incident_id for row in self._connection.execute(query) if row.remote]

    def settled(
        self, back: Back, remote: Sequence[str], problem: str = "", at: datetime | None = None
    ) -> None:
        """The source has taken what there was `at` that time (now), or never will, as `problem` says."""
        made = list(dict.fromkeys([*back.remote, *remote]))
        values = {"settled_at": at or self._now, "remote": made, "problem": problem[:500], "not_before": None}
        self._connection.execute(sa.update(f).where(f.c.id == back.id).values(values))

    def later(self, back: Back, wait: timedelta, problem: str) -> None:
        """It was not taken: try again after `wait`."""
        self._connection.execute(
            sa.update(f)
            .where(f.c.id == back.id)
            .values(attempts=back.attempts + 1, not_before=self._now + wait, problem=problem[:500])
        )

    def waiting(self) -> dict[str, int]:
        """How many deeds wait for each source that was ever told of any."""
        waits = sa.func.sum(sa.case((_WAITS, 1), else_=0))
        query = sa.select(f.c.source, waits).group_by(f.c.source)
        return {row[0]: int(row[1]) for row in self._connection.execute(query)}

    def _settled_at(self, *own: sa.ColumnElement[bool]) -> datetime:
        at: datetime = self._connection.execute(sa.select(f.c.settled_at).where(*own)).scalar_one()
        return at

    def _joined(self, incident_id: int, since: datetime) -> list[str]:
        """Series that began in the incident after that, or were moved there by a person."""
        s, r = t.series.c, q.regroupings.c
        began = sa.select(s.fingerprint).where(s.incident_id == incident_id, s.began_at > since)
        moved = sa.select(r.moved).where(r.target == incident_id, r.at > since, r.undone_at.is_(None))
        found = set(self._connection.execute(began).scalars())
        return sorted(found.union(*self._connection.execute(moved).scalars()))


def _alert(body: dict[str, Any]) -> Alert:
    """The alert as it was stored."""
    plain = {name: body.get(name, "") for name in ("source", "name", "service", "environment", "identity")}
    return Alert(
        status=AlertStatus(body["status"]),
        severity=Severity(body["severity"]),
        summary=body["summary"],
        description=body["description"],
        labels=body["labels"],
        annotations=body["annotations"],
        flags=tuple(body["flags"]),
        origin=body.get("origin", {}),
        starts_at=datetime.fromisoformat(body["starts_at"]),
        ends_at=datetime.fromisoformat(body["ends_at"]) if body["ends_at"] else None,
        **plain,
    )


def _back(row: Row[Any]) -> Back:
    values = dict(row._mapping)
    values["deed"] = Deed(row.deed)
    values["remote"] = tuple(row.remote)
    return Back(**values)
