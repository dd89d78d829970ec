"""What each file held, what is in quarantine, who may see a document, and how alike documents are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds two tables and three columns; documents of before are for everybody and have no sketch."""
    for table in ("knowledge_documents", "knowledge_passages"):
        op.add_column(table, sa.Column("access", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("knowledge_documents", sa.Column("sketch", sa.BigInteger, nullable=True))
    op.create_table(
        "knowledge_files",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("documents", sa.JSON, nullable=False),
    )
    op.create_table(
        "knowledge_quarantine",
        sa.Column("document_id", sa.String(512), primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("released", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    """Drops them; documents that were for a few are for everybody again, so remove those before."""
    op.drop_table("knowledge_quarantine")
    op.drop_table("knowledge_files")
    op.drop_column("knowledge_documents", "sketch")
    for table in ("knowledge_passages", "knowledge_documents"):
        op.drop_column(table, "access")
