"""The store of documents and passages: the source of truth, from which every index can be built again."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from knowledge.chunking import Piece
from knowledge.likeness import sketch
from knowledge.model import Document, Passage
from knowledge.tables import documents, indexed, passages, reviews, state

_OF_PASSAGE = ("owner", "reviewed", "expires", "replaced_by")
_SHARED = ("title", "kind", "language", "service", "alerts", "cause", "actions", "access", "origin")
_LISTS = ("alerts", "actions", "access")
# What the tables hold beside the fields of a document.
_DERIVED = ("version", "sketch", "written")
# SQLite takes some thousand variables a statement at most.
_BATCH = 500


def engine_for(url: str) -> sa.Engine:
    """An engine; SQLite in WAL mode, waiting up to 10 s for another writer."""
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  # the driver's own connection
    cursor = connection.cursor()
    # secure_delete: text of a removed document does not linger in free pages.
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


class DocumentStore:
    """Reads and writes the tables; each write is one transaction and begins by taking the writers' turn."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    # -- documents

    def write(self, document: Document, pieces: Sequence[Piece], *, again: bool = False) -> str:
        """Stores a document with its passages: "added", "changed" or "unchanged". `again`: cut anew all the
        same.
        """
        version = document.version
        if not again and self.version(document.id) == version:
            return "unchanged"
        with self._engine.begin() as connection:
            _count(connection, "revision")
            known = connection.execute(sa.select(documents).where(documents.c.id == document.id)).first()
            old = known.version if known else None
            if old == version and not again:
                return "unchanged"
            connection.execute(documents.delete().where(documents.c.id == document.id))
            # Cut anew it is no younger.
            written = known.written if known and old == version else datetime.now(UTC).date()
            connection.execute(documents.insert(), _document_row(document, version) | {"written": written})
            mine = passages.c.document_id == document.id
            connection.execute(passages.update().where(mine).values(current=False))
            connection.execute(passages.delete().where(mine, passages.c.version == version))
            connection.execute(passages.insert(), _passage_rows(document, version, pieces))
        return "added" if old is None else "unchanged" if old == version else "changed"

    def remove(self, document_id: str) -> bool:
        """Removes a document with every passage it ever had; False when there is none."""
        with self._engine.begin() as connection:
            _count(connection, "revision")
            gone = connection.execute(documents.delete().where(documents.c.id == document_id))
            connection.execute(passages.delete().where(passages.c.document_id == document_id))
            connection.execute(reviews.delete().where(reviews.c.document_id == document_id))
        return gone.rowcount > 0

    def version(self, document_id: str) -> str | None:
        """The stored version of a document."""
        with self._engine.connect() as connection:
            found: str | None = connection.scalar(
                sa.select(documents.c.version).where(documents.c.id == document_id)
            )
            return found

    def versions(self) -> dict[str, str]:
        """The stored version of every document."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(documents.c.id, documents.c.version))
            return {row.id: row.version for row in rows}

    def sketches(self) -> dict[str, int]:
        """The sketch of every document that has one."""
        query = sa.select(documents.c.id, documents.c.sketch).where(documents.c.sketch.is_not(None))
        with self._engine.connect() as connection:
            return {row.id: row.sketch for row in connection.execute(query)}

    def reviewed(self, ids: Iterable[str]) -> dict[str, date]:
        """When each of these documents was reviewed last, as far as it says so."""
        wanted = set(ids)
        query = sa.select(documents.c.id, documents.c.reviewed).where(documents.c.reviewed.is_not(None))
        with self._engine.connect() as connection:
            return {row.id: row.reviewed for row in connection.execute(query) if row.id in wanted}

    def readers(self) -> dict[str, str]:
        """Everybody that a document is limited to, and the first document that names them."""
        query = sa.select(documents.c.id, documents.c.access).order_by(documents.c.id)
        found: dict[str, str] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                for one in row.access:
                    found.setdefault(one, row.id)
        return found

    def all(self) -> list[Document]:
        """All documents by id."""
        with self._engine.connect() as connection:
            return [
                _document(row) for row in connection.execute(sa.select(documents).order_by(documents.c.id))
            ]

    def get(self, document_id: str) -> Document | None:
        """One document."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(documents).where(documents.c.id == document_id)).first()
        return _document(row) if row else None

    # -- passages

    def current_ids(self) -> set[str]:
        """Ids of the passages that may be found."""
        with self._engine.connect() as connection:
            return set(connection.scalars(sa.select(passages.c.id).where(passages.c.current)))

    def passages(self, ids: Iterable[str], *, current_only: bool = True) -> dict[str, Passage]:
        """The passages of these ids, as far as there are any."""
        found: dict[str, Passage] = {}
        wanted = list(ids)
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), _BATCH):
                query = sa.select(passages).where(passages.c.id.in_(wanted[start : start + _BATCH]))
                # Asked of SQLite, `current` would have it walk all current passages instead of these ids.
                rows = (row for row in connection.execute(query) if row.current or not current_only)
                found |= {row.id: _passage(row) for row in rows}
        return found

    def first_passages(self, document_ids: Iterable[str]) -> dict[str, Passage]:
        """The first current passage of each document, by the document's id."""
        found: dict[str, Passage] = {}
        mine = passages.c.document_id.in_(list(document_ids))
        with self._engine.connect() as connection:
            for row in filter(lambda row: row.current, connection.execute(sa.select(passages).where(mine))):
                passage = _passage(row)
                held = found.get(passage.document_id)
                if held is None or _place_of(passage) < _place_of(held):
                    found[passage.document_id] = passage
        return found

    # -- what the vector index holds

    def pending(self, collection: str, limit: int) -> list[Passage]:
        """Current passages that the collection does not hold yet, whole documents in order."""
        held = sa.exists().where(indexed.c.collection == collection, indexed.c.passage_id == passages.c.id)
        query = sa.select(passages).where(passages.c.current, ~held)
        query = query.order_by(passages.c.document_id, passages.c.ordinal).limit(limit)
        with self._engine.connect() as connection:
            return [_passage(row) for row in connection.execute(query)]

    def outdated(self, collection: str, limit: int) -> list[tuple[str, int]]:
        """(passage id, vectors) that the collection holds though the passage is gone or superseded."""
        current = sa.exists().where(passages.c.id == indexed.c.passage_id, passages.c.current)
        query = sa.select(indexed.c.passage_id, indexed.c.vectors)
        query = query.where(indexed.c.collection == collection, ~current).limit(limit)
        with self._engine.connect() as connection:
            return [(row.passage_id, row.vectors) for row in connection.execute(query)]

    def mark(self, collection: str, vectors: dict[str, int]) -> None:
        """Says that the collection holds these passages."""
        rows = [{"collection": collection, "passage_id": id, "vectors": n} for id, n in vectors.items()]
        with self._engine.begin() as connection:
            _unmark(connection, collection, vectors)
            connection.execute(indexed.insert(), rows)

    def unmark(self, collection: str, ids: Iterable[str]) -> None:
        """Says that the collection no longer holds these passages."""
        with self._engine.begin() as connection:
            _unmark(connection, collection, ids)

    def unmark_all(self, collection: str) -> None:
        """Says that the collection holds nothing."""
        with self._engine.begin() as connection:
            connection.execute(indexed.delete().where(indexed.c.collection == collection))

    def held(self, collection: str) -> tuple[int, int]:
        """(passages, vectors) that the collection should hold."""
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(indexed.c.vectors), 0))
        with self._engine.connect() as connection:
            row = connection.execute(query.where(indexed.c.collection == collection)).one()
        return int(row[0]), int(row[1])

    # -- counters

    def value(self, name: str) -> int:
        """A counter: `revision` of the documents, `generation` of the vector index."""
        with self._engine.connect() as connection:
            return int(connection.scalar(sa.select(state.c.value).where(state.c.name == name)) or 0)

    def keep(self, values: Mapping[str, int]) -> None:
        """Keeps numbers by name, all of them or none."""
        with self._engine.begin() as connection:
            for name, value in values.items():
                changed = connection.execute(state.update().where(state.c.name == name).values(value=value))
                if not changed.rowcount:
                    connection.execute(state.insert(), {"name": name, "value": value})

    def fixed_number(self, name: str) -> int:
        """A number that is drawn once for these tables and then stays, whoever asks."""
        with self._engine.begin() as connection:
            there = sa.select(state.c.value).where(state.c.name == name)
            if connection.scalar(there) is None:
                with contextlib.suppress(sa.exc.IntegrityError), connection.begin_nested():
                    connection.execute(state.insert(), {"name": name, "value": secrets.randbits(62)})
            return int(connection.scalar(there) or 0)

    def next_generation(self) -> None:
        """Asks for a new vector index, filled from the documents."""
        with self._engine.begin() as connection:
            _count(connection, "generation")

    def counts(self) -> dict[str, int]:
        """How many documents and current passages there are."""
        with self._engine.connect() as connection:
            return {
                "documents": connection.scalar(sa.select(sa.func.count()).select_from(documents)) or 0,
                "passages": connection.scalar(sa.select(sa.func.count()).where(passages.c.current)) or 0,
            }


def _count(connection: sa.Connection, name: str) -> None:
    """Raises a counter. First in its transaction, it makes a second writer wait instead of fail."""
    connection.execute(state.update().where(state.c.name == name).values(value=state.c.value + 1))


def _unmark(connection: sa.Connection, collection: str, ids: Iterable[str]) -> None:
    gone = list(ids)
    for start in range(0, len(gone), _BATCH):
        some = indexed.c.passage_id.in_(gone[start : start + _BATCH])
        connection.execute(indexed.delete().where(indexed.c.collection == collection, some))


def _document_row(document: Document, version: str) -> dict[str, Any]:
    names = [column.name for column in documents.columns if column.name not in _DERIVED]
    row = {name: getattr(document, name) for name in names} | _as_lists(document)
    return row | {"version": version, "sketch": sketch(document.text)}


def _as_lists(document: Document) -> dict[str, list[str]]:
    return {name: list(getattr(document, name)) for name in _LISTS}


def _as_tuples(row: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401  # a row has no static columns
    return {name: tuple(getattr(row, name)) for name in _LISTS}


def _passage_rows(document: Document, version: str, pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    shared = {name: getattr(document, name) for name in (*_SHARED, *_OF_PASSAGE)}
    shared |= _as_lists(document)
    shared |= {"document_id": document.id, "version": version, "current": True}
    return [
        shared
        | {
            "id": f"{document.id}#{ordinal}@{version}",
            "ordinal": ordinal,
            "heading": list(piece.heading),
            "text": piece.text,
            "place": piece.place,
        }
        for ordinal, piece in enumerate(pieces, start=1)
    ]


def _document(row: Any) -> Document:  # noqa: ANN401  # a row has no static columns
    values = {
        column.name: getattr(row, column.name) for column in documents.columns if column.name not in _DERIVED
    }
    return Document(**values | _as_tuples(row))


def _passage(row: Any) -> Passage:  # noqa: ANN401  # a row has no static columns
    return Passage(
        id=row.id,
        document_id=row.document_id,
        heading=tuple(row.heading),
        text=row.text,
        place=row.place,
        version=row.version,
        superseded=not row.current,
        **{name: getattr(row, name) for name in (*_SHARED, *_OF_PASSAGE)} | _as_tuples(row),
    )


def _place_of(passage: Passage) -> int:
    return int(passage.id.rpartition("#")[2].partition("@")[0])
