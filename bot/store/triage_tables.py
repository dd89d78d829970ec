"""What triage remembers, one table a kind: a restart reads from here what it had in memory."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

# One row an incident that alerts opened: what people were told of it, and how many of its series still fire.
triage_groups = Table(
    "triage_groups",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("environment", Text, nullable=False),
    Column("moved_at", Moment, nullable=False),
    Column("firing", Integer, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("told_at", Moment),
    Column("told", JSON, nullable=False),
    Column("calm_at", Moment),
    Column("name", Text, nullable=False, default=""),
    Column("opened_at", Moment, nullable=False, index=True),
)

# Where and when the alerts of an incident began: what correlation looks at.
triage_traces = Table(
    "triage_traces",
    metadata,
    Column("incident_id", Integer, ForeignKey("incidents.id"), primary_key=True),
    Column("mark", String(32), primary_key=True),
    Column("name", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

# An alert that nobody is told of yet: `outcome` is empty while it waits.
triage_holds = Table(
    "triage_holds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Integer, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("fingerprint", String(32), nullable=False),
    Column("alert_id", Integer, ForeignKey("alerts.id"), nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("mark", Text, nullable=False, default=""),
    Column("outcome", String(16), nullable=False, default=""),
    Index("ix_triage_holds_outcome_due_at", "outcome", "due_at"),
)

# What was learned of an alert's name or a source: the last durations in seconds, oldest first.
triage_habits = Table(
    "triage_habits",
    metadata,
    Column("key", Text, primary_key=True),
    Column("seconds", JSON, nullable=False),
)

# Counts the changes that others make (a person resolves, splits, mutes): triage then reads its rows anew.
triage_revision = Table(
    "triage_revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", Integer, nullable=False),
)
