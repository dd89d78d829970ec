"""Tables of what is exchanged with models, and of what was drafted for people."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("incident_id", Integer, index=True),
    Column("channel", Text, nullable=False, default="", index=True),
    Column("what", String(24), nullable=False),
    Column("prompt", Text, nullable=False, default=""),
    Column("provider", String(48), nullable=False),
    Column("model", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tokens", Integer, nullable=False, default=0),  # set aside, then as used: what budgets count
    Column("tokens_in", Integer, nullable=False, default=0),
    Column("tokens_out", Integer, nullable=False, default=0),
    Column("money", Float, nullable=False, default=0),
    Column("currency", String(3), nullable=False, default=""),
    Column("seconds", Float, nullable=False, default=0),
    Column("redacted", JSON, nullable=False, default=list),
    Column("echoed", JSON, nullable=False, default=list),
    Column("sent", Text, nullable=False, default=""),
    Column("answer", Text, nullable=False, default=""),
    Column("problem", Text, nullable=False, default=""),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("person", Text, nullable=False),
    Column("language", String(2), nullable=False, default="en"),
    Column("text", Text, nullable=False, default=""),
    Column("model", Text, nullable=False, default=""),
    Column("prompt", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("made_at", Moment, nullable=False),
    Column("posted_at", Moment),
    Column("posted_by", Text, nullable=False, default=""),
)
