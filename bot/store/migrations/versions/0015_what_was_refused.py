"""what was refused of senders with a right proof"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("untold", sa.Integer(), nullable=False),
        sa.Column("told_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_refusals")),
    )


def downgrade() -> None:
    op.drop_table("refusals")
