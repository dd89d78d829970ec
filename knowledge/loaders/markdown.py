"""Reads Markdown with optional YAML front matter."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.errors import DocumentRefused
from knowledge.loaders.front_matter import read_fields, split_front_matter
from knowledge.model import Document

MAX_BYTES = 2 * 1024 * 1024
_TITLE = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<title>.+?)[ \t]*#*[ \t]*$", re.MULTILINE)


def load_markdown(path: Path, document_id: str) -> Document:
    """The document of a Markdown file. Without a `title` the first heading counts, else the file's name.

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
    found = _TITLE.search(text)
    title = fields.title or (found["title"].strip() if found else "") or path.stem
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
