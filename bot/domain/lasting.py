"""How long something lasts, as people write it: `90s`, `15m`, `2h`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta

_SPAN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|m|min|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
FORM = r"^[0-9]{1,6}(\.[0-9]{1,3})? ?(s|m|min|h|d|w)$"


def parse_span(text: str) -> timedelta:
    """The time that the text names.

    Raises:
        ValueError: it is none, or none at all.
    """
    found = _SPAN.fullmatch(text.strip().lower())
    lasts = timedelta(seconds=float(found[1]) * _SECONDS[found[2]]) if found else timedelta()
    if not lasts:
        raise ValueError(f"{text[:40]!r} is no length of time. Write for example 90s, 15m, 2h or 7d.")
    return lasts
