"""How often a document is to be looked at, when it was written, and who said last that it is still right."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds two columns and a table; documents of before count as never looked at since their `reviewed`."""
    op.add_column("knowledge_documents", sa.Column("review_every", sa.Integer, nullable=True))
    op.add_column("knowledge_documents", sa.Column("written", sa.Date, nullable=True))
    op.create_table(
        "knowledge_reviews",
        sa.Column("document_id", sa.String(512), primary_key=True),
        sa.Column("reviewed", sa.Date, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drops them."""
    op.drop_table("knowledge_reviews")
    op.drop_column("knowledge_documents", "written")
    op.drop_column("knowledge_documents", "review_every")
