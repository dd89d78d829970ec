"""Reads the text of a PDF, page by page; lines set larger than the rest become headings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from knowledge.errors import DocumentRefused
from knowledge.loaders.front_matter import Fields
from knowledge.loaders.markdown import document_of
from knowledge.model import Document

MAX_PAGES = 2_000
# How much larger than the body a heading is set, for its two levels.
_TITLE, _HEADING = 1.6, 1.15
_MOST_OF_A_HEADING = 120
_PAGE_NUMBER = re.compile(r"^(?:page\s+)?\d{1,4}(?:\s*(?:/|of|sur|de)\s*\d{1,4})?$", re.IGNORECASE)


@dataclass(slots=True)
class _Page:
    """The lines of a page with the size they are set in."""

    lines: list[tuple[float, str]] = field(default_factory=list)


def load(path: Path, document_id: str) -> list[Document]:
    """The document of a PDF; a passage of it says on which page it stands.

    Raises DocumentRefused for one that is encrypted, corrupt, too long, or holds pictures alone.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(path, strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentRefused("file", "is encrypted", "Save it without a password.")
        if len(reader.pages) > MAX_PAGES:
            raise DocumentRefused("file", f"has more than {MAX_PAGES} pages", "Split it into several files.")
        pages = [_page(page) for page in reader.pages]
        title = str((reader.metadata and reader.metadata.title) or "")
    except (PyPdfError, DependencyError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DocumentRefused(
            "file", f"cannot be read as a PDF ({type(error).__name__})", "Print it to a new PDF."
        ) from error
    text, starts = _written(pages)
    if not text.strip():
        raise DocumentRefused(
            "file", "holds no text, only pictures of it", "Recognise the text first (OCR), then ingest it."
        )
    document = document_of(text, replace(Fields(), title=" ".join(title.split())), path, document_id)
    return [replace(document, page_starts=tuple(starts))]


def _page(page: Any) -> _Page:  # noqa: ANN401  # pypdf is loaded late
    """The lines of a page, each with the largest size that a part of it is set in."""
    found = _Page()
    line, size = "", 0.0

    def visit(text: str, _um: object, tm: list[float], _font: object, points: float) -> None:
        nonlocal line, size
        scale = abs(points * (tm[3] or tm[0] or 1.0))
        for number, part in enumerate(text.split("\n")):
            if number:
                found.lines.append((size, line.rstrip()))
                line, size = "", 0.0
            line += part
            size = max(size, scale) if part.strip() else size

    page.extract_text(visitor_text=visit)
    found.lines.append((size, line.rstrip()))
    return found


def _written(pages: list[_Page]) -> tuple[str, list[int]]:
    """The text as Markdown, and the line (from 1) on which each page begins."""
    sizes: Counter[float] = Counter()
    for page in pages:
        for size, line in page.lines:
            sizes[round(size, 1)] += len(line.strip())
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    lines: list[str] = []
    starts: list[int] = []
    for page in pages:
        starts.append(len(lines) + 1)
        for size, line in page.lines:
            if not _PAGE_NUMBER.match(line.strip()):
                lines.extend(_line(line, size / body if body else 1.0))
    return "\n".join(lines) + "\n", starts


def _line(line: str, larger: float) -> list[str]:
    line = " ".join(line.splitlines())
    words = " ".join(line.split())
    if larger < _HEADING or not words or len(words) > _MOST_OF_A_HEADING:
        return [line]
    return ["", f"{'#' if larger >= _TITLE else '##'} {words}", ""]
