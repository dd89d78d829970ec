"""Where the rows are kept, as SQLAlchemy takes it."""

from __future__ import annotations

POSTGRESQL_SCHEMES = ("postgresql://", "postgres://")


def with_driver(url: str) -> str:
    """The URL as SQLAlchemy takes it: PostgreSQL always by psycopg."""
    for scheme in POSTGRESQL_SCHEMES:
        if url.startswith(scheme):
            return f"postgresql+psycopg://{url.removeprefix(scheme)}"
    return url
