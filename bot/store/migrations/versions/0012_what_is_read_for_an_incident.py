"""what is read for an incident, long texts whole, and what became of what was said"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0012"
down_revision = "0011"

ONE_A_ROUND = "uq_check_runs_incident_id_round_tool"
ONE_A_CALL = f"{ONE_A_ROUND}_arguments_digest"


def upgrade() -> None:
    op.create_table(
        "investigations",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_investigations_incident_id")
        ),
        sa.PrimaryKeyConstraint("incident_id", "round", name=op.f("pk_investigations")),
    )
    op.create_table(
        "contents",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_contents")),
    )
    op.create_table(
        "outcomes",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=24), nullable=False),
        sa.Column("predicted", sa.Text(), nullable=False),
        sa.Column("confirmed", sa.Text(), nullable=False),
        sa.Column("earned", sa.Float(), nullable=False),
        sa.Column("is_right", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_outcomes_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_outcomes")),
    )
    # A check may be read with other arguments in the same round.
    with op.batch_alter_table("check_runs", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("arguments_digest", sa.String(length=64), server_default="", nullable=False)
        )
        batch_op.drop_constraint(op.f(ONE_A_ROUND), type_="unique")
        batch_op.create_unique_constraint(
            op.f(ONE_A_CALL), ["incident_id", "round", "tool", "arguments_digest"]
        )


def downgrade() -> None:
    op.execute(
        "DELETE FROM check_runs WHERE id NOT IN"
        " (SELECT min(id) FROM check_runs GROUP BY incident_id, round, tool)"
    )
    with op.batch_alter_table("check_runs", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(ONE_A_CALL), type_="unique")
        batch_op.create_unique_constraint(op.f(ONE_A_ROUND), ["incident_id", "round", "tool"])
        batch_op.drop_column("arguments_digest")
    op.drop_table("outcomes")
    op.drop_table("contents")
    op.drop_table("investigations")
