"""How long something lasts, as people write it: `90s`, `15m`, `1h30`, `2 hours`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_UNITS = {
    "w": "weeks?|semaines?|w",
    "d": "days?|jours?|j|d",
    "h": "hours?|heures?|hrs?|h",
    "m": "minutes?|mins?|m",
    "s": "seconds?|secondes?|secs?|s",
}
_UNIT = "|".join(_UNITS.values())
_PART = rf"[0-9]{{1,6}}(?:\.[0-9]{{1,3}})? ?(?:{_UNIT})"
_ALL = rf"{_PART}(?: ?{_PART}){{0,4}}(?:(?<=h)[0-9]{{1,2}})?"
_SPAN = re.compile(_ALL, re.IGNORECASE)
_WITHIN = re.compile(rf"(?<!\S)(?:{_ALL})(?=[\s,.;!?]|$)", re.IGNORECASE)
_EACH = re.compile(rf"([0-9.]+) ?({_UNIT})?", re.IGNORECASE)
FORM = r"^[0-9]{1,6}(\.[0-9]{1,3})? ?(s|m|min|h|d|w)$"
"""How a setting has it."""


def parse_span(text: str) -> timedelta:
    """The time that the text names.

    Raises:
        ValueError: it is none, or none at all.
    """
    said = text.strip().lower()
    lasts = timedelta()
    if _SPAN.fullmatch(said):
        # What has no unit stands behind hours: `1h30`.
        lasts = sum((_part(number, unit or "m") for number, unit in _EACH.findall(said)), timedelta())
    if not lasts:
        raise ValueError(f"{text[:40]!r} is no length of time. Write for example 90s, 15m, 1h30, 2h or 7d.")
    return lasts


def take_span(text: str) -> tuple[str, str]:
    """The first length of time that stands in the text, and the text without it; empty where none does."""
    found = next((one for one in _WITHIN.finditer(text) if _is_some(one[0])), None)
    if found is None:
        return "", text
    return found[0], " ".join(f"{text[: found.start()]} {text[found.end() :]}".split())


def _part(number: str, unit: str) -> timedelta:
    known = next(short for short, words in _UNITS.items() if re.fullmatch(words, unit))
    return timedelta(seconds=float(number) * _SECONDS[known])


def _is_some(text: str) -> bool:
    try:
        return bool(parse_span(text))
    except ValueError:
        return False
