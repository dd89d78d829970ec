"""What goes out by a second way: one row per incident, news and way, written before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.alert import Severity
from bot.domain.records import News, Notice, WayState
from bot.store import tables as t
from bot.store.records import Records, in_parts


class Notices(Records):
    def want(self, incident_id: int, news: News, severity: Severity, way: str, because: str) -> bool:
        """Want one notice; False when the same was wanted before, so that it goes out once."""
        same = (
            t.second_way.c.incident_id == incident_id,
            t.second_way.c.news == news.value,
            t.second_way.c.severity == int(severity),
            t.second_way.c.way == way,
        )
        if self._connection.execute(sa.select(t.second_way.c.id).where(*same)).first() is not None:
            return False
        self._connection.execute(
            sa.insert(t.second_way).values(
                incident_id=incident_id,
                news=news.value,
                severity=int(severity),
                way=way,
                because=because,
                wanted_at=self._now,
            )
        )
        return True

    def of_incidents(self, incident_ids: Sequence[int]) -> list[Notice]:
        """All notices of these incidents, oldest first."""
        found: list[Notice] = []
        for some in in_parts(incident_ids):
            query = sa.select(t.second_way).where(t.second_way.c.incident_id.in_(some))
            rows = self._connection.execute(query.order_by(t.second_way.c.id))
            found += [_notice(row) for row in rows]
        return found

    def awaiting_end(self) -> list[int]:
        """Incidents of which something was sent by a way that has not been sent their end."""
        ends = sa.func.sum(sa.case((t.second_way.c.over, 1), else_=0))
        query = (
            sa.select(t.second_way.c.incident_id)
            .where(t.second_way.c.sent_at.is_not(None))
            .group_by(t.second_way.c.incident_id, t.second_way.c.way)
            .having(ends == 0)
        )
        return sorted(set(self._connection.execute(query).scalars()))

    def unsent(self, way: str) -> list[Notice]:
        """What waits for this way, oldest first, whether its time has come or not."""
        waits = (t.second_way.c.way == way, t.second_way.c.sent_at.is_(None))
        query = sa.select(t.second_way).where(*waits).order_by(t.second_way.c.id)
        return [_notice(row) for row in self._connection.execute(query)]

    def sent(self, notice: Notice, at: datetime, over: bool, remark: str = "") -> None:
        """It went out as it was drawn at `at`; `over`: that said that the incident is over."""
        self._connection.execute(
            sa.update(t.second_way)
            .where(t.second_way.c.id == notice.id)
            .values(sent_at=at, over=over, problem=remark[:500], not_before=None)
        )

    def later(self, notice: Notice, wait: timedelta, problem: str) -> None:
        """It was not taken: try again after `wait`."""
        self._connection.execute(
            sa.update(t.second_way)
            .where(t.second_way.c.id == notice.id)
            .values(attempts=notice.attempts + 1, not_before=self._now + wait, problem=problem[:500])
        )

    def states(self) -> dict[str, WayState]:
        """How each way does that ever had something to send."""
        waits = t.second_way.c.sent_at.is_(None)
        query = sa.select(
            t.second_way.c.way,
            sa.func.sum(sa.case((waits, 1), else_=0)).label("waiting"),
            sa.func.min(sa.case((waits, t.second_way.c.wanted_at))).label("oldest"),
            sa.func.count(t.second_way.c.sent_at).label("sent"),
            sa.func.max(t.second_way.c.sent_at).label("last_sent"),
        ).group_by(t.second_way.c.way)
        return {
            row.way: WayState(
                int(row.waiting), row.oldest, int(row.sent), row.last_sent, self._problem(row.way)
            )
            for row in self._connection.execute(query).all()
        }

    def _problem(self, way: str) -> str:
        """Why the newest attempt of this way failed, as long as something waits for it."""
        query = (
            sa.select(t.second_way.c.problem)
            .where(t.second_way.c.way == way, t.second_way.c.sent_at.is_(None), t.second_way.c.problem != "")
            .order_by(t.second_way.c.not_before.desc())
            .limit(1)
        )
        return str(self._connection.execute(query).scalar() or "")


def _notice(row: Row[Any]) -> Notice:
    values = dict(row._mapping)
    values["news"] = News(row.news)
    values["severity"] = Severity(row.severity)
    return Notice(**values)
