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
    sa.Column("access", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("sketch", sa.BigInteger, nullable=True),
    sa.Column("expires", sa.Date, nullable=True),
    sa.Column("replaced_by", sa.Text, nullable=False, server_default=""),
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
    sa.Column("access", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("owner", sa.Text, nullable=False, server_default=""),
    sa.Column("reviewed", sa.Date, nullable=True),
    sa.Column("expires", sa.Date, nullable=True),
    sa.Column("replaced_by", sa.Text, nullable=False, server_default=""),
)

# What each file held when it was read last, so that an unchanged one is not read again. `name` is the sha256
# of its path and id, `documents` lists [id, version].
files = sa.Table(
    "knowledge_files",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("documents", sa.JSON, nullable=False),
)

# Documents that were not taken, by where they come from, never by what they say. `released`: a person looked
# at that very file and let it in.
quarantine = sa.Table(
    "knowledge_quarantine",
    metadata,
    sa.Column("document_id", sa.String(512), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("released", sa.Boolean, nullable=False),
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
