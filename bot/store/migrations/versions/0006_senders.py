"""heartbeats that were seen, and what flows back to sources"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("gap_s", sa.Float(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_heartbeats_incident_id")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "flow_back",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("deed", sa.String(length=16), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("remote", sa.JSON(), nullable=False),
        sa.Column("wanted_at", Moment(), nullable=False),
        sa.Column("settled_at", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_flow_back_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_back")),
        sa.UniqueConstraint(
            "incident_id", "source", "deed", name=op.f("uq_flow_back_incident_id_source_deed")
        ),
    )
    with op.batch_alter_table("flow_back", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_flow_back_settled_at"), ["settled_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("flow_back", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_flow_back_settled_at"))

    op.drop_table("flow_back")
    op.drop_table("heartbeats")
