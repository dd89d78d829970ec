"""What is known of each document beside its text: whose it is, and who said last that it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from knowledge.model import FOLLOWED
from knowledge.tables import documents, reviews, state

# SQLite takes some thousand variables a statement at most.
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """One document without its text. `reviewed`: the last day on which somebody looked at it, as its file or
    a person says; `written`: the day on which this version came, where that is known.
    """

    id: str
    title: str
    kind: str
    service: str
    owner: str
    origin: str
    version: str
    access: tuple[str, ...]
    reviewed: date | None
    reviewed_by: str
    review_every: int | None
    written: date | None

    @property
    def looked_at(self) -> date | None:
        """The last review; without one the day on which it was written."""
        return self.reviewed or self.written

    def due(self, every: int) -> date | None:
        """From when on it waits to be looked at; `every`: days, where it has no number of its own, 0 never.

        None: never, or nobody knows how old it is.
        """
        days = self.review_every or every
        looked_at = self.looked_at
        if self.kind not in FOLLOWED or not days or looked_at is None:
            return None
        return looked_at + timedelta(days=days)


class Upkeep:
    """Reads what is kept and writes reviews; each call is one transaction and blocks."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def kept(self) -> list[Kept]:
        """All documents by id, without their texts."""
        return self._read(sa.true())

    def of(self, document_id: str) -> Kept | None:
        """One of them."""
        found = self._read(documents.c.id == document_id)
        return found[0] if found else None

    def written(self, document_ids: Sequence[str]) -> dict[str, date | None]:
        """Of those that there are: the day on which the present version came, None where nobody knows."""
        found: dict[str, date | None] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(document_ids), _BATCH):
                named = documents.c.id.in_(document_ids[start : start + _BATCH])
                rows = connection.execute(sa.select(documents.c.id, documents.c.written).where(named))
                found |= {row.id: row.written for row in rows}
        return found

    def revision(self) -> int:
        """A number that grows with each write."""
        with self._engine.connect() as connection:
            return int(connection.scalar(sa.select(state.c.value).where(state.c.name == "revision")) or 0)

    def still_right(self, document_id: str, on: date, by: str) -> bool:
        """Somebody looked at it on that day; False where there is no such document."""
        if self.of(document_id) is None:
            return False
        row = {"document_id": document_id, "reviewed": on, "by": by}
        with self._engine.begin() as connection:
            connection.execute(reviews.delete().where(reviews.c.document_id == document_id))
            connection.execute(reviews.insert().values(row))
        return True

    def _read(self, which: sa.ColumnElement[bool]) -> list[Kept]:
        columns = [documents.c[name] for name in _SAME]
        said = reviews.c.reviewed.label("said"), reviews.c.by.label("said_by")
        joined = documents.outerjoin(reviews, reviews.c.document_id == documents.c.id)
        query = sa.select(*columns, documents.c.access, documents.c.reviewed, *said).select_from(joined)
        with self._engine.connect() as connection:
            return [_kept(row) for row in connection.execute(query.where(which).order_by(documents.c.id))]


_SAME = (
    "id",
    "title",
    "kind",
    "service",
    "owner",
    "origin",
    "version",
    "review_every",
    "written",
)


def _kept(row: Any) -> Kept:  # noqa: ANN401  # a row has no static columns
    """What the file says counts where it is the later of the two."""
    by_person = row.said is not None and (row.reviewed is None or row.said >= row.reviewed)
    return Kept(
        **{name: getattr(row, name) for name in _SAME},
        access=tuple(row.access),
        reviewed=row.said if by_person else row.reviewed,
        reviewed_by=row.said_by if by_person else "",
    )
