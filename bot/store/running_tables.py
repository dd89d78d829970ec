"""Tables of what happens while an action runs and after nobody knows how it ended."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

# The output so far, piece by piece, so that a crash of either process loses nothing of it.
output_pieces = Table(
    "output_pieces",
    metadata,
    Column("proposal_id", Integer, ForeignKey("proposals.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# How much of an output Slack shows already, where it is streamed.
streams = Table(
    "streams",
    metadata,
    Column("key", Text, primary_key=True),
    Column("mode", String(8), nullable=False),
    Column("ts", String(32), nullable=False, default=""),
    Column("pieces", Integer, nullable=False, default=0),
    Column("is_over", Boolean, nullable=False, default=False),
)

# The verification read again because a person asked for it.
looks = Table(
    "looks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("proposal_id", Integer, ForeignKey("proposals.id"), nullable=False, index=True),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("at", Moment),
    Column("told", Text, nullable=False, default=""),
    Column("verdict", String(16), nullable=False, default=""),
)

# What a person said of an execution whose end nobody saw.
settlements = Table(
    "settlements",
    metadata,
    Column("proposal_id", Integer, ForeignKey("proposals.id"), primary_key=True),
    Column("person", Text, nullable=False),
    Column("took_effect", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
