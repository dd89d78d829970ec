"""Summaries of resolved incidents: drafted, then confirmed by a person, then learned."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.incident import IncidentState
from bot.domain.quiet import Regroup
from bot.domain.records import Summary
from bot.store import quiet_tables as q
from bot.store import tables as t
from bot.store.records import Records


class Summaries(Records):
    def draft(self, incident_id: int, text: str, cause: str) -> None:
        """Store a draft, once."""
        if self.get(incident_id) is None:
            self._connection.execute(
                sa.insert(t.summaries).values(
                    incident_id=incident_id, text=text, cause=cause, drafted_at=self._now
                )
            )

    def get(self, incident_id: int) -> Summary | None:
        row = self._connection.execute(
            sa.select(t.summaries).where(t.summaries.c.incident_id == incident_id)
        ).first()
        return None if row is None else Summary(**row._mapping)

    def confirm(self, incident_id: int, text: str, cause: str, by: str) -> bool:
        """A person's confirmed text and cause; False when it was confirmed before."""
        changed = self._connection.execute(
            sa.update(t.summaries)
            .where(t.summaries.c.incident_id == incident_id, t.summaries.c.confirmed_at.is_(None))
            .values(text=text, cause=cause, confirmed_at=self._now, confirmed_by=by)
        )
        return changed.rowcount == 1

    def missing(self) -> list[int]:
        """Incidents that are over and have no draft, oldest first, but those that are part of another now."""
        merged = sa.exists().where(
            q.regroupings.c.source == t.incidents.c.id,
            q.regroupings.c.kind == Regroup.MERGED.value,
            q.regroupings.c.undone_at.is_(None),
        )
        found = sa.select(t.incidents.c.id).outerjoin(t.summaries).order_by(t.incidents.c.id)
        query = found.where(
            t.incidents.c.state == IncidentState.RESOLVED.value,
            ~t.incidents.c.held,
            t.summaries.c.incident_id.is_(None),
            ~merged,
        )
        return list(self._connection.execute(query).scalars())

    def unconfirmed(self) -> list[int]:
        """Incidents whose draft waits for a person, oldest first."""
        query = sa.select(t.summaries.c.incident_id).where(t.summaries.c.confirmed_at.is_(None))
        return list(self._connection.execute(query.order_by(t.summaries.c.incident_id)).scalars())

    def to_learn(self) -> list[Summary]:
        """Confirmed texts that are not in the knowledge base yet."""
        query = sa.select(t.summaries).where(
            t.summaries.c.confirmed_at.is_not(None), t.summaries.c.document_id == ""
        )
        return [Summary(**row._mapping) for row in self._connection.execute(query)]

    def unlearned(self, document_id: str) -> int | None:
        """Have it learned again; its incident, or None where it was never learned from one."""
        named = t.summaries.c.document_id == document_id
        found = self._connection.execute(sa.select(t.summaries.c.incident_id).where(named)).scalar()
        self._connection.execute(sa.update(t.summaries).where(named).values(document_id=""))
        return None if found is None else int(found)

    def learned(self, incident_id: int, document_id: str) -> None:
        self._connection.execute(
            sa.update(t.summaries)
            .where(t.summaries.c.incident_id == incident_id)
            .values(document_id=document_id)
        )
