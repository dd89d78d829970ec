"""Brings the tables to the newest form, step by step, with a version table of their own."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

HEAD = "0001"
VERSION_TABLE = "knowledge_version"
# Any fixed number: one migration at a time in one PostgreSQL database.
_LOCK_NUMBER = 7_301_455


def migrate(engine: sa.Engine) -> None:
    """Runs what is missing. The caller holds a lock of its own for SQLite."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK_NUMBER})
        if _version(connection) == HEAD:
            return
        # Alembic is slow to import and mostly not needed.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(
        sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
    )
    return found
