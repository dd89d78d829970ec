"""How much of each output Slack shows already."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.records import Stream
from bot.store import running_tables as r
from bot.store.records import Records


class Streams(Records):
    def get(self, key: str) -> Stream | None:
        row = self._connection.execute(sa.select(r.streams).where(r.streams.c.key == key)).first()
        return None if row is None else Stream(**row._mapping)

    def put(self, stream: Stream) -> None:
        """Note how far it is now."""
        values = {name: getattr(stream, name) for name in ("mode", "ts", "pieces", "is_over")}
        changed = self._connection.execute(
            sa.update(r.streams).where(r.streams.c.key == stream.key).values(values)
        )
        if not changed.rowcount:
            self._connection.execute(sa.insert(r.streams).values(key=stream.key, **values))
