"""Turns a file into a Document. One file an ending, one line in LOADERS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from knowledge.loaders.markdown import load_markdown
from knowledge.model import Document

# (path, id) -> Document. Raises DocumentRefused naming the field, OSError when the file cannot be read.
Loader = Callable[[Path, str], Document]

LOADERS: dict[str, Loader] = {
    ".md": load_markdown,
    ".markdown": load_markdown,
}
