"""What the copilot needs of the knowledge base; `KnowledgeBase` gives it. All calls block."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from knowledge.model import Passage, Query, SearchResult
from knowledge.upkeep import Kept


class Keeping(Protocol):
    """Documents without their texts, and who said that they are still right."""

    def kept(self) -> list[Kept]: ...

    def of(self, document_id: str) -> Kept | None: ...

    def written(self, document_ids: Sequence[str]) -> dict[str, date | None]: ...

    def revision(self) -> int: ...

    def still_right(self, document_id: str, on: date, by: str) -> bool: ...


class Shelf(Protocol):
    """The knowledge base."""

    @property
    def upkeep(self) -> Keeping: ...

    def search(self, query: Query, k: int = 5) -> SearchResult: ...

    def passage(self, passage_id: str) -> Passage | None: ...


class _Nothing:
    def kept(self) -> list[Kept]:
        return []

    def of(self, document_id: str) -> Kept | None:
        return None

    def written(self, document_ids: Sequence[str]) -> dict[str, date | None]:
        return {}

    def revision(self) -> int:
        return 0

    def still_right(self, document_id: str, on: date, by: str) -> bool:
        return False


class EmptyShelf:
    """A knowledge base that holds nothing."""

    upkeep = _Nothing()

    def search(self, query: Query, k: int = 5) -> SearchResult:
        return SearchResult((), False)

    def passage(self, passage_id: str) -> Passage | None:
        return None
