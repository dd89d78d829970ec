"""groups of N3, signatures given alone, and what is to be reviewed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "n3_group_members",
        sa.Column("group", sa.String(length=48), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("since", Moment(), nullable=True),
        sa.Column("left_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("group", "person", name=op.f("pk_n3_group_members")),
    )
    op.create_table(
        "reviews",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("signer", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("posted", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_reviews_proposal_id")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("sign_offs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("sign_offs", schema=None) as batch_op:
        batch_op.drop_column("alone")
    op.drop_table("reviews")
    op.drop_table("n3_group_members")
