"""what of the inbox is work and what was only seen; each attempt of work has a name of its own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.tables import Moment

revision = "0014"
down_revision = "0013"

INBOX = sa.table(
    "inbox",
    sa.column("key", sa.Text()),
    sa.column("kind", sa.String()),
    sa.column("payload", sa.JSON()),
    sa.column("received_at", Moment()),
    sa.column("done_at", Moment()),
)
SETBACKS = sa.table("setbacks", sa.column("attempt", sa.Text()), sa.column("attempts", sa.Integer()))
WORK = ("ask", "draft")
SEEN = ("event", "command", "wording", "delivery", "signed", "head")
SHORTEST = 64  # a signature in digits; a key that may hold one is taken for one, as it says no more


def upgrade() -> None:
    c = INBOX.c
    is_form = (c.kind == "draft") & c.payload["incident_id"].as_string().is_(None)
    op.execute(sa.update(INBOX).where(is_form).values(kind="wording"))
    may_be_signed = (c.kind == "delivery") & (sa.func.length(c.key) > SHORTEST)
    op.execute(sa.update(INBOX).where(may_be_signed).values(kind="signed"))
    op.execute(sa.update(INBOX).where(c.kind.not_in((*WORK, *SEEN))).values(kind="event"))
    is_open = c.kind.in_(SEEN) & c.done_at.is_(None)
    op.execute(sa.update(INBOX).where(is_open).values(done_at=c.received_at))
    op.drop_index(op.f("ix_inbox_done_at"), "inbox")
    op.create_index("ix_inbox_kind_done_at", "inbox", ["kind", "done_at"])
    with op.batch_alter_table("setbacks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempt", sa.Text(), server_default="", nullable=False))
    # What is under way has this name at the workflow engine.
    op.execute(sa.update(SETBACKS).values(attempt=sa.cast(SETBACKS.c.attempts, sa.Text())))


def downgrade() -> None:
    with op.batch_alter_table("setbacks", schema=None) as batch_op:
        batch_op.drop_column("attempt")
    op.drop_index("ix_inbox_kind_done_at", "inbox")
    op.create_index(op.f("ix_inbox_done_at"), "inbox", ["done_at"])
    for new, old in (("wording", "draft"), ("signed", "delivery")):
        op.execute(sa.update(INBOX).where(INBOX.c.kind == new).values(kind=old))
