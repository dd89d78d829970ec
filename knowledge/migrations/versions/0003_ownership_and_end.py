"""Passages know whose they are and when they were looked at; a document may end, or be replaced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OWN = (
    "UPDATE knowledge_passages SET {name} = (SELECT d.{name} FROM knowledge_documents d"
    " WHERE d.id = knowledge_passages.document_id) WHERE current"
    " AND EXISTS (SELECT 1 FROM knowledge_documents d WHERE d.id = knowledge_passages.document_id)"
)


def upgrade() -> None:
    """Adds columns. What is current gets owner and review of its document; older versions stay without."""
    for table in ("knowledge_documents", "knowledge_passages"):
        op.add_column(table, sa.Column("expires", sa.Date, nullable=True))
        op.add_column(table, sa.Column("replaced_by", sa.Text, nullable=False, server_default=""))
    op.add_column("knowledge_passages", sa.Column("owner", sa.Text, nullable=False, server_default=""))
    op.add_column("knowledge_passages", sa.Column("reviewed", sa.Date, nullable=True))
    for name in ("owner", "reviewed"):
        op.execute(_OWN.format(name=name))


def downgrade() -> None:
    """Drops them."""
    for name in ("reviewed", "owner"):
        op.drop_column("knowledge_passages", name)
    for table in ("knowledge_passages", "knowledge_documents"):
        op.drop_column(table, "replaced_by")
        op.drop_column(table, "expires")
