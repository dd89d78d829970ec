"""The knowledge base's own tables; the same on SQLite and PostgreSQL. Changed only together with a
migration.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

documents = sa.Table(
    "knowledge_documents",
    metadata,
    sa.Column("id", sa.String(512), primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("reviewed", sa.Date, nullable=True),
    sa.Column("alerts", sa.JSON, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("actions", sa.JSON, nullable=False),
    sa.Column("origin", sa.String(32), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
)

# Passages of older versions stay, not current, so that what was cited still resolves; removing a document
# removes them.
passages = sa.Table(
    "knowledge_passages",
    metadata,
    sa.Column("id", sa.String(640), primary_key=True),
    sa.Column("document_id", sa.String(512), nullable=False, index=True),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("current", sa.Boolean, nullable=False, index=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("heading", sa.JSON, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("alerts", sa.JSON, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("actions", sa.JSON, nullable=False),
    sa.Column("origin", sa.String(32), nullable=False),
)

# Which passages a vector collection holds, and by how many vectors. Outlives its passage until the vectors
# are gone.
indexed = sa.Table(
    "knowledge_indexed",
    metadata,
    sa.Column("collection", sa.String(128), primary_key=True),
    sa.Column("passage_id", sa.String(640), primary_key=True),
    sa.Column("vectors", sa.Integer, nullable=False),
)

# `revision` counts writes (the lexical index follows it), `generation` counts rebuilds of the vector index.
state = sa.Table(
    "knowledge_state",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
