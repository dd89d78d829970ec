"""Documents, their passages, what is indexed, and two counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates the four tables."""
    _documents()
    _passages()
    op.create_table(
        "knowledge_indexed",
        sa.Column("collection", sa.String(128), primary_key=True),
        sa.Column("passage_id", sa.String(640), primary_key=True),
        sa.Column("vectors", sa.Integer, nullable=False),
    )
    state = op.create_table(
        "knowledge_state",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(state, [{"name": "revision", "value": 0}, {"name": "generation", "value": 1}])


def downgrade() -> None:
    """Drops them; documents written by people are lost, so export them before."""
    for name in ("knowledge_state", "knowledge_indexed", "knowledge_passages", "knowledge_documents"):
        op.drop_table(name)


def _documents() -> None:
    op.create_table(
        "knowledge_documents",
        sa.Column("id", sa.String(512), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("reviewed", sa.Date, nullable=True),
        sa.Column("alerts", sa.JSON, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
    )


def _passages() -> None:
    op.create_table(
        "knowledge_passages",
        sa.Column("id", sa.String(640), primary_key=True),
        sa.Column("document_id", sa.String(512), nullable=False, index=True),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("current", sa.Boolean, nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("heading", sa.JSON, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("alerts", sa.JSON, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
    )
