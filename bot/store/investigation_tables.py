"""Tables of what is read for an incident, how far that is, and what became of what was said."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

# How far the reading of one round is, as people follow it in the thread.
investigations = Table(
    "investigations",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("stopped_by", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    Column("plan", JSON, nullable=False),
    Column("steps", JSON, nullable=False),
)

# Texts that are too long for a piece of evidence, whole, each once by the digest of its content.
contents = Table(
    "contents",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("text", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

# The first hypothesis beside the cause that a person has confirmed.
outcomes = Table(
    "outcomes",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("method", String(24), nullable=False),
    Column("predicted", Text, nullable=False),
    Column("confirmed", Text, nullable=False),
    Column("earned", Float, nullable=False),
    Column("is_right", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
)
