"""What is found out after nobody saw how an execution ended: the check read again, and what a person said."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.person import Person
from bot.domain.proposal import Look, Settlement
from bot.store import running_tables as r
from bot.store.records import Records


class Settling(Records):
    def ask_look(self, proposal_id: int, by: str) -> bool:
        """Want the verification read again; False while that is wanted already."""
        waits = sa.and_(r.looks.c.proposal_id == proposal_id, r.looks.c.at.is_(None))
        if self._connection.execute(sa.select(r.looks.c.id).where(waits)).first() is not None:
            return False
        self._connection.execute(
            sa.insert(r.looks).values(proposal_id=proposal_id, asked_by=by, asked_at=self._now)
        )
        return True

    def looks_due(self) -> list[Look]:
        """Every verification that is wanted again."""
        query = sa.select(r.looks).where(r.looks.c.at.is_(None)).order_by(r.looks.c.id)
        return [Look(**row._mapping) for row in self._connection.execute(query)]

    def looked(self, proposal_id: int, told: str, verdict: str) -> bool:
        """Write what the check said, once for each wish."""
        changed = self._connection.execute(
            sa.update(r.looks)
            .where(r.looks.c.proposal_id == proposal_id, r.looks.c.at.is_(None))
            .values(at=self._now, told=told, verdict=verdict)
        )
        return changed.rowcount > 0

    def last_look(self, proposal_id: int) -> Look | None:
        """The newest one, read or still wanted."""
        query = sa.select(r.looks).where(r.looks.c.proposal_id == proposal_id).order_by(r.looks.c.id.desc())
        row = self._connection.execute(query.limit(1)).first()
        return None if row is None else Look(**row._mapping)

    def settle(self, settlement: Settlement) -> bool:
        """Keep what a person said; False when it was settled before."""
        if self.settlement(settlement.proposal_id) is not None:
            return False
        self._connection.execute(
            sa.insert(r.settlements).values(
                proposal_id=settlement.proposal_id,
                person=settlement.person.key,
                took_effect=settlement.took_effect,
                reason=settlement.reason,
                at=settlement.at,
            )
        )
        return True

    def settlement(self, proposal_id: int) -> Settlement | None:
        query = sa.select(r.settlements).where(r.settlements.c.proposal_id == proposal_id)
        row = self._connection.execute(query).first()
        if row is None:
            return None
        return Settlement(row.proposal_id, Person.from_key(row.person), row.took_effect, row.reason, row.at)
