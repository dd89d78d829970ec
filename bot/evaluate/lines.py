"""JSON Lines in and out; a wrong line is named by file, line and field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import BadInput


@dataclass(frozen=True, slots=True)
class Line:
    """One object of a file, which knows where it stands."""

    fields: Mapping[str, Any]
    where: str

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is text; without a default it must be there and not be empty.

        Raises:
            BadInput: it is missing, empty or not text.
        """
        value = self.fields.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise BadInput(f"{self.where}: {name!r} must be a text, is {_short(value)}.")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A field that is a list of texts; missing or null means none.

        Raises:
            BadInput: it is something else.
        """
        value = self.fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(entry, str) and entry for entry in value):
            raise BadInput(f"{self.where}: {name!r} must be a list of texts, is {_short(value)}.")
        return tuple(value)


def read_lines(path: Path) -> Iterator[Line]:
    """The objects of a JSON Lines file in order; empty lines are passed over.

    Raises:
        BadInput: there is no such file, or a line is no JSON object.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    yield Line(_object(text, f"{path} line {number}"), f"{path} line {number}")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: not UTF-8 ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}.") from None


def write_lines(path: Path, objects: Iterable[Mapping[str, object]]) -> None:
    """Write objects, one a line.

    Raises:
        BadInput: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as file:
            for one in objects:
                file.write(json.dumps(one, ensure_ascii=False) + "\n")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror}.") from None


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where}: not JSON: {error}.") from None
    if not isinstance(loaded, dict):
        raise BadInput(f"{where}: must be a JSON object, is {_short(loaded)}.")
    return loaded


def _short(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=True)
    return "missing" if value is None else shown if len(shown) <= 60 else f"{shown[:57]}..."
