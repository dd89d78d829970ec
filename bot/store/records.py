"""What all kinds of records share: the connection of their transaction and its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import tables as t

T = TypeVar("T")
_AT_ONCE = 500  # values in one statement: databases bound how many there may be


def in_parts(values: Sequence[T]) -> Iterator[list[T]]:
    """The values, as many at a time as one statement may hold."""
    for start in range(0, len(values), _AT_ONCE):
        yield list(values[start : start + _AT_ONCE])


class Records:
    """Records of one kind within one transaction."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def _leave_gap(self, table: sa.Table, by: int) -> None:
        """From now on new rows of the table have numbers that lie above the newest by more than `by`."""
        floor = self._newest_id(table) + by
        name = f"numbers:{table.name}"
        self._connection.execute(sa.delete(t.counters).where(t.counters.c.name == name))
        self._connection.execute(sa.insert(t.counters).values(name=name, value=floor))

    def _numbered(self, table: sa.Table) -> dict[str, int]:
        """The number of a new row where a gap was left; else nothing, and the database counts."""
        query = sa.select(t.counters.c.value).where(t.counters.c.name == f"numbers:{table.name}")
        floor = self._connection.execute(query).scalar()
        return {} if floor is None else {"id": max(int(floor), self._newest_id(table)) + 1}

    def _newest_id(self, table: sa.Table) -> int:
        return int(self._connection.execute(_newest_of(table)).scalar() or 0)


@cache
def _newest_of(table: sa.Table) -> sa.Select[Any]:
    """Made once, as each batch of alerts asks: building a statement takes longer than running it."""
    return sa.select(sa.func.max(table.c.id))
