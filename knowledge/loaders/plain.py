"""Reads plain text; a line that is underlined becomes a heading, nothing else is changed."""

from __future__ import annotations

import re
from pathlib import Path

from knowledge.loaders.front_matter import read_fields, split_front_matter
from knowledge.loaders.markdown import document_of
from knowledge.loaders.text_file import read_text
from knowledge.model import Document

_UNDERLINE = re.compile(r"^(?:={3,}|-{3,}|~{3,})\s*$")
_MOST_OF_A_HEADING = 120


def load(path: Path, document_id: str) -> list[Document]:
    """The document of a text file; its first heading or its name is the title.

    Raises DocumentRefused for text that is not UTF-8, or a wrong front matter.
    """
    front, text, skipped = split_front_matter(read_text(path))
    lines = ["" for _ in range(skipped)] + _headed(text.split("\n"))
    return [document_of("\n".join(lines), read_fields(front), path, document_id)]


def _headed(lines: list[str]) -> list[str]:
    """The same number of lines, underlined ones marked as headings."""
    made = list(lines)
    for number in range(1, len(lines)):
        above = lines[number - 1].strip()
        lonely = number == 1 or not lines[number - 2].strip()
        if _UNDERLINE.match(lines[number]) and above and lonely and len(above) <= _MOST_OF_A_HEADING:
            made[number - 1] = f"{'#' if lines[number].startswith('=') else '##'} {above}"
            made[number] = ""
    return made
