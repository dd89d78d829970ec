"""Tables of what keeps alerts quiet, and of what people said against it."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

mutes = Table(
    "mutes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("matchers", JSON, nullable=False),
    Column("critical", Boolean, nullable=False, default=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False, index=True),
    Column("confirmed_at", Moment),
    Column("ended_by", Text, nullable=False, default=""),
    Column("start_told", Boolean, nullable=False, default=False),
    Column("end_told", Boolean, nullable=False, default=False),
)

mute_suggestions = Table(
    "mute_suggestions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("matchers", JSON, nullable=False),
    Column("dismissals", Integer, nullable=False),
    Column("people", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("decided_at", Moment, index=True),
    Column("decided_by", Text, nullable=False, default=""),
    Column("mute_id", Integer, ForeignKey("mutes.id")),
)

dismissals = Table(
    "dismissals",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, nullable=False, unique=True),
    Column("fingerprint", String(32), nullable=False),
    Column("decision", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("incident_id", Integer, ForeignKey("incidents.id")),
    Column("opened", Boolean, nullable=False, default=False),
    Column("undone_at", Moment),
    Column("undone_by", Text, nullable=False, default=""),
    Index("ix_corrections_fingerprint", "fingerprint"),
)

regroupings = Table(
    "regroupings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("source", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("target", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("moved", JSON, nullable=False),
    Column("before", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("undone_by", Text, nullable=False, default=""),
)

canaries = Table(
    "canaries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("nonce", String(64), nullable=False, unique=True),
    Column("sent_at", Moment, nullable=False),
    Column("received_at", Moment),
    Column("told_at", Moment),
    Column("problem", Text, nullable=False, default=""),
)
