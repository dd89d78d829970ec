"""who opened an incident by hand, and that a person said how grave it is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("opened_by", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("overruled", sa.Integer(), nullable=True))
    # How often a source repeats is no longer learned: what repeats often says nothing of what does not.
    op.execute("DELETE FROM triage_habits WHERE key LIKE 'gaps:%'")


def downgrade() -> None:
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_column("overruled")
        batch_op.drop_column("opened_by")
