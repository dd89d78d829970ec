"""What was refused of senders with a right proof: one row a source, with the newest reason."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.senders import Refused, TurnedAway
from bot.store.records import Records
from bot.store.source_tables import refusals as t


class Refusals(Records):
    def note(self, turned: TurnedAway) -> Refused:
        """Count it to its source; what is known of that source now."""
        values = {"last_at": self._now, "problem": turned.problem}
        added = {
            "deliveries": t.c.deliveries + turned.deliveries,
            "untold": t.c.untold + turned.deliveries,
        }
        changed = self._connection.execute(
            sa.update(t).where(t.c.source == turned.source).values(values | added)
        )
        if not changed.rowcount:
            first = {"deliveries": turned.deliveries, "untold": turned.deliveries}
            self._connection.execute(sa.insert(t).values(source=turned.source, **values, **first))
        row = self._connection.execute(sa.select(t).where(t.c.source == turned.source)).one()
        return Refused(**row._mapping)

    def tell(self, source: str) -> None:
        """People are told of it now."""
        told = {"told_at": self._now, "untold": 0}
        self._connection.execute(sa.update(t).where(t.c.source == source).values(told))

    def all(self) -> list[Refused]:
        """Every source of which something was ever refused, by name."""
        return [
            Refused(**row._mapping) for row in self._connection.execute(sa.select(t).order_by(t.c.source))
        ]
