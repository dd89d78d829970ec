"""Reads Markdown with optional YAML front matter."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.loaders.front_matter import Fields, read_fields, split_front_matter
from knowledge.loaders.text_file import read_text
from knowledge.model import Document

_TITLE = re.compile(r"^ {0,3}(?P<level>#{1,6})[ \t]+(?P<title>.+?)[ \t]*#*[ \t]*$", re.MULTILINE)


def load(path: Path, document_id: str) -> list[Document]:
    """The document of a Markdown file. Without a `title` its first heading or its name is one.

    Raises DocumentRefused for text that is not UTF-8, or a wrong front matter.
    """
    front, text, skipped = split_front_matter(read_text(path))
    # Empty lines stand for the front matter, so that line numbers are those of the file.
    return [document_of("\n" * skipped + text, read_fields(front), path, document_id)]


def document_of(text: str, fields: Fields, path: Path, document_id: str) -> Document:
    """A document of a Markdown text and what is known of it."""
    return Document(
        id=document_id,
        title=fields.title or _heading(text, path.stem) or path.stem,
        kind=fields.kind,
        text=text,
        language=fields.language,
        service=fields.service,
        owner=fields.owner,
        reviewed=fields.reviewed,
        expires=fields.expires,
        replaced_by=fields.replaced_by,
        alerts=fields.alerts,
        cause=fields.cause,
        actions=fields.actions,
        access=fields.access,
        source=str(path.resolve()),
    )


def _heading(text: str, name: str) -> str:
    """The first heading where it titles the document: of the first level, or saying what the name says.

    "## Meaning" at the head of every runbook tells none from another.
    """
    found = _TITLE.search(text)
    if found is None:
        return ""
    title = found["title"].strip()
    bare, named = (re.sub(r"[\W_]", "", one).lower() for one in (title, name))
    return title if found["level"] == "#" or bare in named or named in bare else ""
