"""Where each key of a TOML text stands. The text was read by `tomllib` before, so it is known to be valid."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence

from bot.mistakes.mistake import Place

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\])*"|' + r"'[^']*'", re.DOTALL
)
_BARE_VALUE = re.compile(r"[^,\]}\n#]+")


def lines_of(text: str) -> dict[Place, int]:
    """The line, from 1, of every key, section, list item and of what they stand in.

    What cannot be followed is left out; whoever asks then names the section around it.
    """
    scan = _Scan(text)
    # Where it is not the shape that was expected, the rest is unknown.
    with contextlib.suppress(IndexError, AssertionError, RecursionError):
        scan.document()
    return scan.lines


class _Scan:
    """Walks over the text once; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Place, int] = {}
        self._tables: dict[Place, int] = {}
        self._counted = (0, 1)

    def document(self) -> None:
        section: Place = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._takes("[["):
                section = self._opened(self._key(), is_item=True)
                self.at += 2
            elif self._takes("["):
                section = self._opened(self._key(), is_item=False)
                self.at += 1
            else:
                self._pair(section)
            self._skip(_BLANK)

    def _opened(self, names: Sequence[str], *, is_item: bool) -> Place:
        """The place of a section; within a list of tables it is in the newest of them."""
        place: Place = ()
        for number, name in enumerate(names):
            place = (*place, name)
            last = number == len(names) - 1
            self._note(place)
            if last and is_item:
                self._tables[place] = self._tables.get(place, -1) + 1
            if place in self._tables:
                place = (*place, self._tables[place])
                self._note(place)
        self.lines[place] = self._line()
        return place

    def _pair(self, section: Place) -> None:
        line = self._line()
        place = section
        for name in self._key():
            place = (*place, name)
            self.lines.setdefault(place, line)
        self.at += 1  # the equals sign
        self._value(place)

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at] in "\"'":
                names.append(self._string()[1:-1])
            else:
                names.append(self._match(_BARE_KEY))
            self._skip(_SPACE)
            if not self._takes("."):
                return names

    def _value(self, place: Place) -> None:
        self._skip(_BLANK)
        if self._takes("{"):
            self._skip(_BLANK)
            while not self._takes("}"):
                self._pair(place)
                self._skip(_BLANK)
                self._takes(",")
                self._skip(_BLANK)
        elif self._takes("["):
            self._items(place)
        elif self.text[self.at] in "\"'":
            self._string()
        else:
            self._match(_BARE_VALUE)

    def _items(self, place: Place) -> None:
        self._skip(_BLANK)
        number = 0
        while not self._takes("]"):
            self._note((*place, number))
            self._value((*place, number))
            self._skip(_BLANK)
            self._takes(",")
            self._skip(_BLANK)
            number += 1

    def _string(self) -> str:
        return self._match(_STRING)

    def _note(self, place: Place) -> None:
        self.lines.setdefault(place, self._line())

    def _line(self) -> int:
        at, line = self._counted
        self._counted = (self.at, line + self.text.count("\n", at, self.at))
        return self._counted[1]

    def _takes(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def _skip(self, pattern: re.Pattern[str]) -> None:
        self._match(pattern)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return found.group()
