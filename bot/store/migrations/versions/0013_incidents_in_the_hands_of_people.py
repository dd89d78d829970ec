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


def downgrade() -> None:
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.drop_column("overruled")
        batch_op.drop_column("opened_by")
