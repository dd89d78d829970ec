"""What is remembered of senders: heartbeats that were seen, what was refused, what has to flow back."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from bot.store.tables import Moment, metadata

# One row a heartbeat. `gap_s` is the longest pause that it made while it was well.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("fingerprint", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("gap_s", Float, nullable=False),
    Column("ended", Boolean, nullable=False),
    Column("incident_id", Integer, ForeignKey("incidents.id")),
)

# One row a source. `deliveries` were refused in all, `untold` of them since people were told, at `told_at`.
refusals = Table(
    "refusals",
    metadata,
    Column("source", String(40), primary_key=True),
    Column("last_at", Moment, nullable=False),
    Column("problem", Text, nullable=False),
    Column("deliveries", Integer, nullable=False),
    Column("untold", Integer, nullable=False),
    Column("told_at", Moment),
)

# One row an incident, source and deed; `remote` is what the source calls what was made there.
flow_back = Table(
    "flow_back",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False),
    Column("source", String(40), nullable=False),
    Column("deed", String(16), nullable=False),
    Column("by", Text, nullable=False),
    Column("remote", JSON, nullable=False),
    Column("wanted_at", Moment, nullable=False),
    Column("settled_at", Moment, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Moment),
    Column("problem", Text, nullable=False, default=""),
    UniqueConstraint("incident_id", "source", "deed"),
)

# One row a mute and source; `until` is the end of the silence that the source knows, if it keeps one.
silences = Table(
    "silences",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("mute_id", Integer, ForeignKey("mutes.id"), nullable=False),
    Column("source", String(40), nullable=False),
    Column("until", Moment),
    Column("is_done", Boolean, nullable=False, default=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Moment),
    Column("problem", Text, nullable=False, default=""),
    UniqueConstraint("mute_id", "source"),
)
