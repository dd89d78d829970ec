"""Who signed which standing sign-off, round by round; those themselves are in `tables.py`."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from bot.store.tables import Moment, metadata

standing_signatures = Table(
    "standing_signatures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("standing_id", Integer, ForeignKey("standing_sign_offs.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("person", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("signed", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    UniqueConstraint("standing_id", "round", "person", "signed"),
)
