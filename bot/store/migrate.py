"""Which version the tables have, and how they come to the newest; Alembic from code, without an ini file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from bot.errors import StoreOutdated, StoreTooNew
from bot.store.database import one_writer, remaking

MIGRATIONS = Path(__file__).parent / "migrations"
VERSION_TABLE = "vigie_version"


@cache
def revisions() -> tuple[str, ...]:
    """Every revision of this Vigie, oldest first."""
    walked = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(script.revision for script in walked)[::-1]


def head() -> str:
    """The newest revision of this Vigie."""
    return revisions()[-1]


def revision_of(connection: Connection) -> str | None:
    """The revision that the tables have; None where there are none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    version: sa.ColumnElement[str] = sa.column("version_num")
    found: str | None = connection.scalar(sa.select(version).select_from(sa.table(VERSION_TABLE)))
    return found


def upgrade(engine: Engine) -> None:
    """Run every migration that the store has not seen, in one transaction.

    Raises:
        StoreTooNew: the store has a revision that this Vigie does not know.
    """
    with remaking(engine) as connection:
        refuse_unknown(revision_of(connection))
        upgrade_to(connection, "head")


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring the tables to a revision, within the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def create_or_refuse(engine: Engine) -> None:
    """Make the tables where there are none; never change those that another version has made.

    An upgrade is a decision, taken with a backup at hand: it is `vigie migrate`, not the next start.

    Raises:
        StoreOutdated, StoreTooNew: another version wrote it.
    """
    with engine.connect() as connection, connection.begin():
        one_writer(connection)
        found = revision_of(connection)
        if found is None:
            upgrade_to(connection, "head")
            return
    refuse_unknown(found)
    if found != head():
        raise StoreOutdated(f"(the store has revision {found}, this Vigie needs {head()})")


def refuse_unknown(found: str | None) -> None:
    """Refuse a revision that this Vigie does not know.

    Raises:
        StoreTooNew: it is not one of ours.
    """
    if found is not None and found not in revisions():
        raise StoreTooNew(f"(the store has revision {found}, this Vigie knows {head()})")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
