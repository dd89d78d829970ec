"""Reads a file as text, within bounds."""

from __future__ import annotations

from pathlib import Path

from knowledge.errors import DocumentRefused


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises DocumentRefused for anything else, naming the first wrong byte.
    """
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        raise DocumentRefused("file", "holds bytes that no text has", "Give it the ending of what it is.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentRefused("file", f"not UTF-8 at byte {error.start}", "Save it as UTF-8.") from error
