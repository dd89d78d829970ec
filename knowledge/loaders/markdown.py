"""Reads Markdown with optional YAML front matter."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.errors import DocumentRefused
from knowledge.loaders.front_matter import read_fields, split_front_matter
from knowledge.model import Document

MAX_BYTES = 2 * 1024 * 1024
_TITLE = re.compile(r"^ {0,3}(?P<level>#{1,6})[ \t]+(?P<title>.+?)[ \t]*#*[ \t]*$", re.MULTILINE)


def load_markdown(path: Path, document_id: str) -> Document:
    """The document of a Markdown file. Without a `title` its first heading or its name is one.

    Raises DocumentRefused for a file above 2 MiB, text that is not UTF-8, or a wrong front matter.
    """
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        raise DocumentRefused(
            "file", f"{len(raw)} bytes, at most {MAX_BYTES} are taken", "Split it into several files."
        )
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentRefused("file", f"not UTF-8 at byte {error.start}", "Save it as UTF-8.") from error
    front, text, skipped = split_front_matter(content)
    fields = read_fields(front)
    title = fields.title or _heading(text, path.stem) or path.stem
    return Document(
        id=document_id,
        title=title,
        kind=fields.kind,
        # Empty lines stand for the front matter, so that line numbers are those of the file.
        text="\n" * skipped + text,
        language=fields.language,
        service=fields.service,
        owner=fields.owner,
        reviewed=fields.reviewed,
        alerts=fields.alerts,
        cause=fields.cause,
        actions=fields.actions,
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
