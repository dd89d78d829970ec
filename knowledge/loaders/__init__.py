"""Turns a file into documents. One file an ending, one line in FORMATS."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledge.model import Document

# (path, id) -> documents. Raises DocumentRefused naming the field, OSError when the file cannot be read.
Loader = Callable[[Path, str], Iterable[Document]]


@dataclass(frozen=True, slots=True)
class Format:
    """How files of one ending are read. `name` is for people; `most` is the largest file in bytes.

    `isolated`: a library parses it, so that happens in a process of its own with bounds.
    """

    name: str
    module: str
    most: int
    isolated: bool = True

    def load(self, path: Path, document_id: str) -> list[Document]:
        """The documents of a file; the library behind it is imported now."""
        loader: Loader = importlib.import_module(f"knowledge.loaders.{self.module}").load
        return list(loader(path, document_id))


MIB = 1024 * 1024
_MARKDOWN = Format("Markdown", "markdown", 2 * MIB, isolated=False)
_TEXT = Format("plain text", "plain", 2 * MIB, isolated=False)
_HTML = Format("HTML", "html", 8 * MIB)
_EXPORT = Format("incident export", "export", 64 * MIB)

FORMATS: dict[str, Format] = {
    ".md": _MARKDOWN,
    ".markdown": _MARKDOWN,
    ".txt": _TEXT,
    ".text": _TEXT,
    ".docx": Format("Word", "word", 32 * MIB),
    ".pdf": Format("PDF", "pdf", 64 * MIB),
    ".html": _HTML,
    ".htm": _HTML,
    ".json": _EXPORT,
    ".jsonl": _EXPORT,
    ".csv": _EXPORT,
    # What a Confluence space export holds, once its zip is unpacked.
    ".xml": Format("Confluence space export", "confluence", 256 * MIB),
}
ARCHIVE = ".zip"
# Named in the summary with what to do, instead of "unknown ending".
UNREAD = {
    ".doc": "an old Word file; save it as .docx",
    ".docm": "a Word file with macros; save it as .docx",
    ".odt": "an OpenDocument file; save it as .docx",
    ".rtf": "a rich text file; save it as .docx",
    ".pptx": "slides are not read; export them as PDF",
    ".xlsx": "a spreadsheet is not read; save it as CSV",
}


def format_of(path: Path) -> Format | None:
    """The format of a file by its ending; None for what is not read."""
    return FORMATS.get(path.suffix.lower())
