"""Tables of what the policy asks for beside signatures: groups of N3, and what is to be reviewed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

group_members = Table(
    "n3_group_members",
    metadata,
    Column("group", String(48), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("since", Moment),
    Column("left_at", Moment),
)

reviews = Table(
    "reviews",
    metadata,
    Column("proposal_id", Integer, ForeignKey("proposals.id"), primary_key=True),
    Column("signer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("signed_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("posted", Boolean, nullable=False, default=False),
    Column("verdict", String(16), nullable=False, default=""),
    Column("by", Text, nullable=False, default=""),
    Column("at", Moment),
)
