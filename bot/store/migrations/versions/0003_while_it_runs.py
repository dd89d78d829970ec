"""while an action runs, and after nobody knows how it ended"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("proposals", sa.Column("worse", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("proposals", sa.Column("replaced_by", sa.Integer(), nullable=True))
    op.add_column("executions", sa.Column("before_value", sa.JSON(), nullable=True))
    op.add_column("executions", sa.Column("stop_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("executions", sa.Column("stop_at", Moment(), nullable=True))
    op.create_table(
        "output_pieces",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_output_pieces_proposal_id")),
        sa.PrimaryKeyConstraint("proposal_id", "number", name=op.f("pk_output_pieces")),
    )
    op.create_table(
        "streams",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_streams")),
    )
    op.create_table(
        "looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("at", Moment(), nullable=True),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_looks_proposal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    with op.batch_alter_table("looks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_looks_proposal_id"), ["proposal_id"], unique=False)
    op.create_table(
        "settlements",
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("took_effect", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_settlements_proposal_id")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_settlements")),
    )


def downgrade() -> None:
    op.drop_table("settlements")
    with op.batch_alter_table("looks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_looks_proposal_id"))
    for name in ("looks", "streams", "output_pieces"):
        op.drop_table(name)
    for table, column in (
        ("executions", "stop_at"),
        ("executions", "stop_by"),
        ("executions", "before_value"),
        ("proposals", "replaced_by"),
        ("proposals", "worse"),
    ):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column(column)
