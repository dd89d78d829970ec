"""What is remembered of files: what each held when it was read, and what of them is in quarantine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from knowledge.tables import files, quarantine


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A document that was not taken. `digest` is that of its file; `released`: a person let that file in."""

    document_id: str
    source: str
    digest: str
    reason: str
    released: bool


def name_of(source: str, document_id: str) -> str:
    """A key of fixed length for a file that is read under an id."""
    return hashlib.sha256(f"{document_id}\n{source}".encode(errors="surrogateescape")).hexdigest()


class FileRecords:
    """The two tables about files; each call is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def held(self) -> dict[str, tuple[str, list[tuple[str, str]]]]:
        """By `name_of`: the digest of each file, and id and version of the documents it gave."""
        with self._engine.connect() as connection:
            return {
                row.name: (row.digest, [(id, version) for id, version in row.documents])
                for row in connection.execute(sa.select(files))
            }

    def note(self, name: str, digest: str, documents: Sequence[tuple[str, str]]) -> None:
        """Remember what a file held, under its `name_of`."""
        with self._engine.begin() as connection:
            connection.execute(files.delete().where(files.c.name == name))
            row = {"name": name, "digest": digest, "documents": [list(one) for one in documents]}
            connection.execute(files.insert(), row)

    def set_aside(self, document_id: str, source: str, digest: str, reason: str) -> None:
        """Put a document into quarantine; a release of another version of its file is over."""
        with self._engine.begin() as connection:
            mine = quarantine.c.document_id == document_id
            connection.execute(quarantine.delete().where(mine))
            row = Quarantined(document_id, source, digest, reason, released=False)
            connection.execute(
                quarantine.insert(), {name: getattr(row, name) for name in Quarantined.__slots__}
            )

    def release(self, document_id: str) -> None:
        """Say that a person let it in."""
        with self._engine.begin() as connection:
            mine = quarantine.c.document_id == document_id
            connection.execute(quarantine.update().where(mine).values(released=True))

    def forget(self, document_id: str) -> bool:
        """Take it out of quarantine: it is not wanted, or not bad, any more. False when it was not there."""
        with self._engine.begin() as connection:
            mine = quarantine.c.document_id == document_id
            return connection.execute(quarantine.delete().where(mine)).rowcount > 0

    def quarantined(self) -> dict[str, Quarantined]:
        """Everything that is or was in quarantine, by its id."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(quarantine).order_by(quarantine.c.document_id))
            return {row.document_id: Quarantined(*row) for row in rows}
