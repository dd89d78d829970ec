"""One mistake in a file as a sentence, and several as a list."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST = 10
Place = tuple[str | int, ...]
Lines = Mapping[Place, int]
"""Where each key stands: its path from the top to its line, counted from 1."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """`line` 0 means that it is not known; `remedy` is a sentence of its own, or empty."""

    file: str
    line: int
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        stop = "" if self.what.endswith("?") else "."
        return f"{where}: {self.what}{stop} {self.remedy}".strip()


def told(mistakes: Sequence[Mistake | str]) -> str:
    """One mistake as it is; several as an indented list, in the order in which they are to be mended."""
    if len(mistakes) == 1:
        return str(mistakes[0])
    shown = [f"  {mistake}" for mistake in mistakes[:MOST]]
    rest = len(mistakes) - MOST
    more = [f"  ... and {rest} more."] if rest > 0 else []
    return "\n".join([f"{len(mistakes)} mistakes:", *shown, *more])


def line_of(lines: Lines, place: Place) -> int:
    """The line of a key, or of what it stands in where it is missing; 0 when neither is known."""
    for end in range(len(place), 0, -1):
        if place[:end] in lines:
            return lines[place[:end]]
    return 0


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; empty when none is near."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return found[0] if found else ""
