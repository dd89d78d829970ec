"""Old deliveries and keys of the inbox are forgotten, so that the store does not grow for ever.

Kept, however old: all of an open incident; of one that is over, the first delivery of each series up to as
many as its card shows, those of which people were told, and those that people spoke of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.records import MOST_ALERTS
from bot.store import quiet_tables as q
from bot.store import tables as t
from bot.store import triage_tables as tt
from bot.store.alerts import Alerts
from bot.store.deliveries import Deliveries
from bot.store.records import Records

_OVER = [state.value for state in IncidentState if not state.is_open]
_PASSING = [kind.value for kind in InboxKind if not kind.is_lasting]
_DONE = "forgotten:up to"  # the counter that holds the newest number that was looked at
_A = t.alerts.c


class Retention(Records):
    def forget_deliveries(self, before: datetime, most: int) -> tuple[int, bool]:
        """Look at the next `most` deliveries older than `before`: how many went, and whether there are more.

        Those of an open incident are looked at no more, so they stay when it is over.
        """
        counted = Alerts(self._connection, self._now)
        done = int(counted.counted().get(_DONE, 0))
        # The newest stays, as the database gives its number to the next one otherwise.
        end = min(Deliveries(self._connection, self._now).first_since(before), self._newest_id(t.alerts))
        old = sa.select(_A.id, _A.incident_id, _A.fingerprint, _A.told_at).where(_A.id > done, _A.id < end)
        rows = list[Row[Any]](self._connection.execute(old.order_by(_A.id).limit(most)))
        if not rows:
            return 0, False
        going = self._going(rows, done)
        if going:
            holds = tt.triage_holds
            self._connection.execute(sa.delete(holds).where(holds.c.alert_id.in_(going)))
            self._connection.execute(sa.delete(t.alerts).where(_A.id.in_(going)))
        counted.count(_DONE, rows[-1].id - done)
        return len(going), len(rows) == most

    def _going(self, rows: Sequence[Row[Any]], done: int) -> list[int]:
        """Those that nobody needs."""
        incidents = {row.incident_id for row in rows if row.incident_id is not None}
        query = _over().where(t.incidents.c.id.in_(incidents))
        over = {int(row.id) for row in self._connection.execute(query)}
        said = sa.select(q.corrections.c.alert_id).where(q.corrections.c.alert_id.in_([r.id for r in rows]))
        spoken, kept = set(self._connection.execute(said).scalars()), self._kept(over, done)
        going = []
        for row in rows:
            is_open = row.incident_id is not None and row.incident_id not in over
            if is_open or row.id in spoken or row.told_at is not None:
                continue
            known = kept.get(row.incident_id)
            if known is None or row.fingerprint in known or len(known) >= MOST_ALERTS:
                going.append(row.id)
            else:
                known.add(row.fingerprint)
        return going

    def _kept(self, incidents: set[int], done: int) -> dict[int, set[str]]:
        """The series of each of these incidents of which a delivery was kept before."""
        kept: dict[int, set[str]] = {number: set() for number in incidents}
        query = sa.select(_A.incident_id, _A.fingerprint).where(_A.incident_id.in_(incidents), _A.id <= done)
        for row in self._connection.execute(query):
            kept[row.incident_id].add(row.fingerprint)
        return kept

    def forget_memories(self, before: datetime, most: int) -> int:
        """Series and traces not heard of since then go, but those of open incidents; how many went."""
        return self._series(before, most) + self._traces(before, most)

    def forget_seen(self, before: datetime, most: int) -> int:
        """What came in, was done before then and guards nothing signed goes from the inbox; how many went."""
        of = t.inbox.c
        old = of.kind.in_(_PASSING), of.done_at < before
        found = list(self._connection.execute(sa.select(of.key).where(*old).limit(most)).scalars())
        self._connection.execute(sa.delete(t.inbox).where(of.key.in_(found)))
        return len(found)

    def _series(self, before: datetime, most: int) -> int:
        of = t.series.c
        is_over = sa.or_(of.incident_id.is_(None), of.incident_id.in_(_over()))
        old = sa.select(of.fingerprint).where(of.last_at < before, is_over).limit(most)
        found = list(self._connection.execute(old).scalars())
        self._connection.execute(sa.delete(t.series).where(of.fingerprint.in_(found)))
        return len(found)

    def _traces(self, before: datetime, most: int) -> int:
        of = tt.triage_traces.c
        old = sa.select(of.incident_id, of.mark).where(of.at < before, of.incident_id.in_(_over()))
        found = self._connection.execute(old.limit(most)).all()
        for incident, mark in found:
            one = sa.and_(of.incident_id == incident, of.mark == mark)
            self._connection.execute(sa.delete(tt.triage_traces).where(one))
        return len(found)


def _over() -> sa.Select[tuple[int]]:
    return sa.select(t.incidents.c.id).where(t.incidents.c.state.in_(_OVER))
