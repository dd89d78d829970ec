"""What the steps need of the knowledge base; all calls block."""

from __future__ import annotations

from typing import Protocol

from knowledge.model import Document, Query, SearchResult


class Library(Protocol):
    """The knowledge base."""

    def search(self, query: Query, k: int) -> SearchResult: ...

    def add(self, document: Document) -> str: ...

    def remove(self, document_id: str) -> bool: ...
