"""The two sets of tables, the store's and the knowledge base's: their versions, and the columns of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import (
    migrate,
    triage_tables,  # noqa: F401  # makes them known to the metadata
)
from bot.store import tables as store_tables
from knowledge import migrations as knowledge_migrations
from knowledge import tables as knowledge_tables

# What a value is in a backup, whatever the engine calls its type.
KINDS: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "integer": sa.BigInteger(),
    "float": sa.Float(),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "json": sa.JSON(none_as_null=True),
}
_PYTHON = {str: "text", int: "integer", float: "float", bool: "boolean", date: "date"}


@dataclass(frozen=True)
class House:
    """One set of tables. `left_out` are those that can be made again from the others."""

    name: str
    revisions: Callable[[], tuple[str, ...]]
    revision_of: Callable[[Connection], str | None]
    refuse_unknown: Callable[[str | None], None]
    upgrade_to: Callable[[Connection, str], None]
    version_table: str
    metadata: sa.MetaData
    left_out: frozenset[str] = frozenset()

    @property
    def head(self) -> str:
        return self.revisions()[-1]

    def shape(self, revision: str) -> tuple[sa.Table, ...]:
        """The tables as that revision makes them, parents first; each column is of one of KINDS."""
        return _shape(self.name, revision)


STORE = House(
    "store",
    migrate.revisions,
    migrate.revision_of,
    migrate.refuse_unknown,
    migrate.upgrade_to,
    migrate.VERSION_TABLE,
    store_tables.metadata,
)
KNOWLEDGE = House(
    "knowledge",
    lambda: knowledge_migrations.REVISIONS,
    knowledge_migrations.revision_of,
    knowledge_migrations.refuse_unknown,
    knowledge_migrations.upgrade_to,
    knowledge_migrations.VERSION_TABLE,
    knowledge_tables.metadata,
    # Which passages the vector index holds: a new index is built from the documents.
    frozenset({"knowledge_indexed"}),
)
HOUSES = {house.name: house for house in (STORE, KNOWLEDGE)}


def kind_of(column: sa.Column[Any]) -> str:
    """The kind of a column, by the Python values that it takes."""
    return "json" if isinstance(column.type, sa.JSON) else _PYTHON[column.type.python_type]


@cache
def _shape(name: str, revision: str) -> tuple[sa.Table, ...]:
    """Made by running the migrations in memory, so that it cannot differ from what they do."""
    house, found, plain = HOUSES[name], sa.MetaData(), sa.MetaData()
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        house.upgrade_to(connection, revision)
        found.reflect(connection)
    engine.dispose()
    return tuple(
        sa.Table(
            table.name,
            plain,
            *(sa.Column(c.name, KINDS[kind_of(c)], primary_key=c.primary_key) for c in table.columns),
        )
        for table in found.sorted_tables
        if table.name != house.version_table and table.name not in house.left_out
    )
