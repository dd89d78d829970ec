"""Tables of what people save, take back, vote, ask in vain, and have to look at again."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Index, Integer, String, Table, Text

from bot.store.tables import Moment, metadata

saved = Table(
    "saved_documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("document_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("access", JSON, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("channel", Text, nullable=False),
    Column("thread_ts", Text, nullable=False),
    Column("question", Integer),
    Column("learned_at", Moment, index=True),
    Column("problem", Text, nullable=False, default=""),
)

removals = Table(
    "removals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("document_id", Text, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("done_at", Moment, index=True),
    Column("undone_at", Moment),
    Column("undone_by", Text, nullable=False, default=""),
)

votes = Table(
    "passage_votes",
    metadata,
    Column("passage_id", String(640), primary_key=True),
    Column("person", String(80), primary_key=True),
    Column("document_id", Text, nullable=False),
    Column("useful", Boolean, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("at", Moment, nullable=False),
    Index("ix_passage_votes_document_id", "document_id"),
)

questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("words", JSON, nullable=False),
    Column("access", JSON, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("last_by", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("document_id", Text, nullable=False, default=""),
    Column("settled_by", Text, nullable=False, default=""),
    # The knowledge base's revision when it was looked for last.
    Column("looked_at", Integer, nullable=False, default=-1),
)

strikes = Table(
    "document_strikes",
    metadata,
    Column("document_id", String(512), primary_key=True),
    Column("incident_id", Integer, primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("detail", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

findings = Table(
    "stale_documents",
    metadata,
    Column("document_id", String(512), primary_key=True),
    Column("title", Text, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("addressee", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("told_at", Moment),
    Column("later_until", Moment),
)

digests = Table(
    "stale_digests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("addressee", Text, nullable=False, index=True),
    Column("documents", JSON, nullable=False),
    Column("at", Moment, nullable=False),
)
