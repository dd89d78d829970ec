"""what triage remembers: groups, traces, holds, habits; and when people were told of a delivery"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0005"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("alerts", sa.Column("told_at", Moment()))
    op.add_column("alerts", sa.Column("held_until", Moment()))
    op.add_column("alerts", sa.Column("mute_id", sa.Integer()))
    op.add_column("incidents", sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("series", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("series", sa.Column("source", sa.Text(), nullable=False, server_default=""))
    op.add_column("series", sa.Column("began_at", Moment()))
    op.add_column("series", sa.Column("ended_at", Moment()))
    op.add_column("series", sa.Column("starts_at", Moment()))
    op.add_column("series", sa.Column("fires", sa.JSON()))
    _groups()
    _holds()
    op.create_table(
        "triage_habits",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seconds", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_triage_habits")),
    )
    op.create_table(
        "triage_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_revision")),
    )


def _groups() -> None:
    op.create_table(
        "triage_groups",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("moved_at", Moment(), nullable=False),
        sa.Column("firing", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("told_at", Moment()),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("calm_at", Moment()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_triage_groups_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_triage_groups")),
    )
    op.create_index(op.f("ix_triage_groups_opened_at"), "triage_groups", ["opened_at"])
    op.create_table(
        "triage_traces",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_triage_traces_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "mark", name=op.f("pk_triage_traces")),
    )
    op.create_index(op.f("ix_triage_traces_at"), "triage_traces", ["at"])


def _holds() -> None:
    op.create_table(
        "triage_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("began_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment()),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_triage_holds_incident_id")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_triage_holds_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_triage_holds")),
    )
    op.create_index(op.f("ix_triage_holds_incident_id"), "triage_holds", ["incident_id"])
    op.create_index("ix_triage_holds_outcome_due_at", "triage_holds", ["outcome", "due_at"])


def downgrade() -> None:
    for table in ("triage_revision", "triage_habits", "triage_holds", "triage_traces", "triage_groups"):
        op.drop_table(table)
    for table, names in (
        ("series", ("fires", "starts_at", "ended_at", "began_at", "source", "name")),
        ("alerts", ("mute_id", "held_until", "told_at")),
        ("incidents", ("held",)),
    ):
        with op.batch_alter_table(table) as batch_op:
            for name in names:
                batch_op.drop_column(name)
