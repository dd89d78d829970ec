"""What Alembic runs: the migrations over the connection that it was given."""

from __future__ import annotations

from alembic import context

from knowledge.migrations import VERSION_TABLE
from knowledge.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
