"""Reads typed fields of a payload: each is as expected, or the refusal names it and what it is to be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.flags import ALIKE, CLOCK_AHEAD
from bot.errors import BadInput
from bot.sources.text import clean, clean_value

_NEVER = datetime(1, 1, 2, tzinfo=UTC)  # "0001-01-01" in whatever zone: the zero of several languages
_BLANK = "\u2800"  # drawn as nothing, though Unicode counts it as a symbol
_EARLIEST, _SECONDS = 10**8, 10**10  # numbers below are no times of any alert, numbers above are milliseconds


class Fields:
    """One object of a payload. `flags` gathers what was found in its texts."""

    def __init__(self, raw: object, where: str, flags: set[str]) -> None:
        if not isinstance(raw, dict):
            raise BadInput(f"{where or 'the body'}: expected an object.")
        self.raw: dict[str, Any] = raw
        self.flags = flags
        self._where = where

    def place(self, name: str) -> str:
        """The field's name as an error tells it."""
        return f"{self._where}.{name}" if self._where else name

    def text(self, name: str) -> str:
        """A text, cleaned; a number as its digits; empty where there is none."""
        return text_of(self.raw.get(name), self.place(name), self.flags)

    def needed(self, name: str, why: str) -> str:
        """A text that must not be empty or blank."""
        found = self.text(name)
        if is_blank(found):
            raise BadInput(f"{self.place(name)}: {missing(found)}; {why}.")
        return found

    def word(self, name: str, *known: str) -> str:
        """One of these words, spelled in whatever case."""
        found = self.text(name).lower()
        if found not in known:
            raise BadInput(f"{self.place(name)}: expected {' or '.join(map(repr, known))}.".replace("'", '"'))
        return found

    def inner(self, name: str) -> Fields:
        """An object within; an empty one where there is none."""
        raw = self.raw.get(name)
        return Fields({} if raw is None else raw, self.place(name), self.flags)

    def items(self, name: str) -> list[Any]:
        """A list; an empty one where there is none."""
        raw = self.raw.get(name)
        if raw is not None and not isinstance(raw, list):
            raise BadInput(f"{self.place(name)}: expected a list.")
        return raw or []

    def texts(self, name: str) -> dict[str, str]:
        """An object of texts, such as labels."""
        raw = self.raw.get(name)
        values = {} if raw is None else raw
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise BadInput(f"{self.place(name)}: expected an object of texts.")
        return cleaned(values, self.flags)

    def scalars(self, name: str) -> dict[str, str]:
        """The texts and numbers of an object; what is an object or a list itself is left out."""
        inner = self.inner(name).raw
        return cleaned({k: shown for k, v in inner.items() if (shown := _scalar(v)) is not None}, self.flags)

    def time(self, name: str) -> datetime | None:
        """An aware time; None where there is none or where it stands for none."""
        return time_of(self.raw.get(name), self.place(name))


def text_of(value: object, place: str, flags: set[str]) -> str:
    """A text, cleaned; a number as its digits; empty for None.

    Raises:
        BadInput: an object or a list.
    """
    shown = "" if value is None else _scalar(value)
    if shown is None:
        raise BadInput(f"{place}: expected a text.")
    return clean(shown, flags)


def _scalar(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) < 10**300:  # Python refuses to write more digits than that
        return str(value)
    return str(value) if isinstance(value, float) else None


def cleaned(values: Mapping[str, str], flags: set[str]) -> dict[str, str]:
    """Names and values as they may be stored."""
    found: dict[str, str] = {}
    named = [(clean(key, flags), key, value) for key, value in values.items()]
    # A name that is clean as it stands goes first: one that only looks like it must not take its place.
    for name, _, value in sorted(named, key=lambda item: item[0] != item[1]):
        if name in found:
            flags.add(ALIKE)
        else:
            found[name] = clean_value(name, clean(value, flags), flags)
    return found


def time_of(value: object, place: str) -> datetime | None:
    """A time in ISO form, or in seconds or milliseconds since 1970.

    Raises:
        BadInput: neither.
    """
    if value is None or value == "":
        return None
    try:
        parsed = _parsed(value)
    except (ValueError, OverflowError, OSError):
        raise BadInput(f"{place}: expected a time such as 2026-01-31T08:00:00Z.") from None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    return aware if aware > _NEVER else None


def _parsed(value: object) -> datetime:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) in (10, 13):
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not _EARLIEST <= value < 1000 * _SECONDS:
            raise ValueError
        return datetime.fromtimestamp(value if value < _SECONDS else value / 1000, UTC)
    text = str(value)
    if len(text) > 5 and text[-5] in "+-" and text[-4:].isdigit() and "T" in text:
        text = f"{text[:-2]}:{text[-2:]}"  # CloudWatch writes +0000
    return datetime.fromisoformat(text)


def is_blank(text: str) -> bool:
    """Whether a cleaned text shows nothing: empty, or only spaces, of whatever kind."""
    return all(character.isspace() or character in _BLANK for character in text)


def missing(text: str) -> str:
    """How an error says that a text that is needed shows nothing."""
    return "it is blank" if text else "it is missing"


AHEAD = timedelta(minutes=5)


def started(at: datetime | None, received_at: datetime, flags: set[str]) -> datetime:
    """When it began by the sender's clock; the arrival where that says nothing, or lies in the future."""
    if at is None:
        return received_at
    if at > received_at + AHEAD:
        flags.add(CLOCK_AHEAD)
        return received_at
    return at
