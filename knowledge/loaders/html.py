"""Reads an HTML page; what it says, never what it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from knowledge.errors import DocumentRefused
from knowledge.loaders.front_matter import Fields
from knowledge.loaders.markdown import document_of
from knowledge.loaders.markup import to_markdown
from knowledge.model import Document


def load(path: Path, document_id: str) -> list[Document]:
    """The document of a page; its title is that of the page.

    Raises DocumentRefused for a page without words.
    """
    title, text = to_markdown(path.read_bytes())
    if not text.strip():
        raise DocumentRefused("file", "no words are left of this page", "Check that it is an HTML page.")
    return [document_of(text, replace(Fields(), title=title), path, document_id)]
