"""Silences that sources keep for mutes: what each knows, and what it was not told of yet."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.domain.silence import Silence
from bot.store.records import Records
from bot.store.source_tables import silences as s


class Silences(Records):
    def want(self, mute_id: int, source: str) -> None:
        """Note that this source is to be told of the mute, before it is."""
        self._connection.execute(sa.insert(s).values(mute_id=mute_id, source=source))

    def of_source(self, source: str, mutes: list[int]) -> list[Silence]:
        """Those that the source still has to be told something of, now or later, and those of these mutes."""
        return self._many(s.c.source == source, sa.or_(s.c.is_done.is_(False), s.c.mute_id.in_(mutes)))

    def of_mute(self, mute_id: int) -> list[Silence]:
        return self._many(s.c.mute_id == mute_id)

    def settled(self, silence: Silence, until: datetime | None, *, done: bool, problem: str = "") -> None:
        """The source keeps silent until then, or no more; done: nothing is left to be told."""
        self._change(silence, until=until, is_done=done, attempts=0, not_before=None, problem=problem[:500])

    def later(self, silence: Silence, wait: timedelta, problem: str) -> None:
        """It was not taken: try again after `wait`."""
        self._change(
            silence, attempts=silence.attempts + 1, not_before=self._now + wait, problem=problem[:500]
        )

    def _change(self, silence: Silence, **values: object) -> None:
        self._connection.execute(sa.update(s).where(s.c.id == silence.id).values(values))

    def _many(self, *where: sa.ColumnElement[bool]) -> list[Silence]:
        query = sa.select(s).where(*where).order_by(s.c.id)
        return [Silence(**row._mapping) for row in self._connection.execute(query)]
