"""What the steps need of the knowledge base; all calls block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from knowledge.causes.model import Judgement
from knowledge.model import Document, Passage, Query, SearchResult


class Library(Protocol):
    """The knowledge base."""

    def search(self, query: Query, k: int) -> SearchResult: ...

    def add(self, document: Document) -> str: ...

    def remove(self, document_id: str) -> bool: ...

    def causes(
        self, texts: Sequence[str], seen_by: frozenset[str] | None, without: str = ""
    ) -> Judgement: ...

    def first_passages(self, document_ids: Sequence[str]) -> dict[str, Passage]: ...
