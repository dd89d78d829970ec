"""Alembic's entry: runs the migrations on the connection that `bot.store.migrate` gives it."""

from __future__ import annotations

from alembic import context

from bot.store import triage_tables  # noqa: F401  # makes them known to the metadata
from bot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    version_table="vigie_version",
)
context.run_migrations()
