"""standing sign-offs with all that is signed, and an audit log that only grows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.only_grows import guard, unguard
from bot.store.tables import Moment

revision = "0004"
down_revision = "0003"

_EMPTY_LIST, _EMPTY = sa.text("'[]'"), sa.text("''")


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("services", sa.JSON(), nullable=False, server_default=_EMPTY_LIST),
        sa.Column("environments", sa.JSON(), nullable=False, server_default=_EMPTY_LIST),
        sa.Column("uses", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("risk", sa.String(length=16), nullable=False, server_default="low"),
        sa.Column("proposer", sa.Text(), nullable=False, server_default=_EMPTY),
        sa.Column("why", sa.Text(), nullable=False, server_default=_EMPTY),
        sa.Column("created_at", Moment(), nullable=True),
        sa.Column("sign_by", Moment(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("active_at", Moment(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=_EMPTY),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("basis", sa.String(length=64), nullable=False, server_default=_EMPTY),
        sa.Column("from_proposal", sa.Integer(), nullable=False, server_default="0"),
    ]


def upgrade() -> None:
    for column in _columns():
        op.add_column("standing_sign_offs", column)
    op.add_column("proposals", sa.Column("standing", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_proposals_standing"), "proposals", ["standing"])
    op.create_table(
        "standing_signatures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("standing_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["standing_id"], ["standing_sign_offs.id"], name=op.f("fk_standing_signatures_standing_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_signatures")),
        sa.UniqueConstraint(
            "standing_id",
            "round",
            "person",
            "signed",
            name=op.f("uq_standing_signatures_standing_id_round_person_signed"),
        ),
    )
    guard(op.get_bind(), "audit")


def downgrade() -> None:
    unguard(op.get_bind(), "audit")
    op.drop_table("standing_signatures")
    op.drop_index(op.f("ix_proposals_standing"), "proposals")
    op.drop_column("proposals", "standing")
    for column in reversed(_columns()):
        op.drop_column("standing_sign_offs", column.name)
