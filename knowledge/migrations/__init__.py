"""Brings the tables to the newest form, step by step, with a version table of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from knowledge.errors import KnowledgeOutdated, KnowledgeTooNew

# Every revision, oldest first; a test compares them with the files.
REVISIONS = ("0001", "0002", "0003")
HEAD = REVISIONS[-1]
VERSION_TABLE = "knowledge_version"
# Any fixed number: one migration at a time in one PostgreSQL database.
_LOCK_NUMBER = 7_301_455


def migrate(engine: sa.Engine) -> None:
    """Runs what is missing. The caller holds a lock of its own for SQLite. Raises KnowledgeTooNew."""
    with _alone(engine) as connection:
        found = revision_of(connection)
        refuse_unknown(found)
        if found != HEAD:
            upgrade_to(connection, HEAD)


def create_or_refuse(engine: sa.Engine) -> None:
    """Makes the tables where there are none, and leaves those of another version alone.

    The caller holds a lock of its own for SQLite. Raises KnowledgeOutdated, KnowledgeTooNew.
    """
    with _alone(engine) as connection:
        found = revision_of(connection)
        if found is None:
            upgrade_to(connection, HEAD)
            return
    refuse_unknown(found)
    if found != HEAD:
        raise KnowledgeOutdated(
            f"an older Vigie wrote the knowledge base (revision {found}, this one needs {HEAD}); run"
            " `vigie migrate`, which makes a backup first"
        )


def refuse_unknown(found: str | None) -> None:
    """Raises KnowledgeTooNew for a revision that is not one of ours."""
    if found is not None and found not in REVISIONS:
        raise KnowledgeTooNew(
            f"a newer Vigie wrote the knowledge base (revision {found}, this one knows {HEAD}); install that"
            " one again, or restore a backup from before it"
        )


def upgrade_to(connection: sa.Connection, revision: str) -> None:
    """Brings the tables to a revision, within the caller's transaction."""
    # Alembic is slow to import and mostly not needed.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revision_of(connection: sa.Connection) -> str | None:
    """The revision that the tables have; None where there are none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(
        sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
    )
    return found


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK_NUMBER})
        yield connection
