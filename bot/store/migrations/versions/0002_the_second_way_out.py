"""the second way out, and the outgoing heartbeat"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "second_way",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("news", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("wanted_at", Moment(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", Moment(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_second_way_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_way")),
        sa.UniqueConstraint(
            "incident_id", "news", "severity", "way", name=op.f("uq_second_way_incident_id_news_severity_way")
        ),
    )
    with op.batch_alter_table("second_way", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_second_way_sent_at"), ["sent_at"], unique=False)

    op.create_table(
        "heartbeat_out",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tried_at", Moment(), nullable=False),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat_out")),
    )


def downgrade() -> None:
    op.drop_table("heartbeat_out")
    with op.batch_alter_table("second_way", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_second_way_sent_at"))

    op.drop_table("second_way")
