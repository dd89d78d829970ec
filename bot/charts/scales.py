"""Where values and times stand on their axes, and how they are written. Pure, and finite whatever comes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

HUGE = 1e300
"""Values beyond it stand at the edge: a difference of two of them would be infinite."""
_TINY = 1e-300
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_DAYS = (1, 2, 5, 7, 14)
_DAY_S = 86_400
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))


def bounded(value: float) -> float:
    return max(-HUGE, min(HUGE, value))


def span(values: Sequence[float], bound: float | None = None) -> tuple[float, float]:
    """The lowest and the highest value of the axis: never the same.

    Nought is on it where it is near. A bound that is far off is not: it would make a flat line of all else.
    """
    low, high = bounded(min(values)), bounded(max(values))
    if high - low <= max(abs(low), abs(high)) * 1e-9 + _TINY:  # all the same, for a picture
        pad = max(abs(low), abs(high)) * 0.5 or 1.0
        low, high = low - pad, high + pad
    if bound is not None and low - 2 * (high - low) <= bound <= high + 2 * (high - low):
        low, high = min(low, bound), max(high, bound)
    if 0 <= low < 0.6 * high:
        low = 0.0
    room = (high - low) * 0.06
    return (low if low == 0 else bounded(low - room)), bounded(high + room)


def value_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers between both."""
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((n * power for n in (1, 2, 2.5, 5, 10) if n * power >= rough), rough)
    first = math.ceil(low / step)
    ticks = [(first + number) * step for number in range(2 * wanted + 2)]
    return [tick for tick in ticks if low <= tick <= high]


def time_ticks(start: float, end: float, wanted: int = 7) -> list[tuple[float, str]]:
    """Round times between both, in UTC, each with its label."""
    rough = (end - start) / wanted
    steps = (*_STEPS_S, *(days * _DAY_S for days in _DAYS))
    step = next((step for step in steps if step >= rough), rough)
    first = math.ceil(start / step)
    times = [(first + number) * step for number in range(2 * wanted)]
    return [(at, _label(at, step)) for at in times if start <= at <= end]


def clock(seconds: float) -> str:
    """`13:05`, in UTC."""
    return f"{_at(seconds):%H:%M}"


def day(seconds: float) -> str:
    """`26 Nov 2026`, in UTC."""
    return f"{_at(seconds).day} {_at(seconds):%b %Y}"


def window(start: float, end: float) -> str:
    """`12:35 to 13:05 UTC on 26 Nov 2026`; both days where they differ."""
    if day(start) == day(end):
        return f"{clock(start)} to {clock(end)} UTC on {day(end)}"
    return f"{day(start)} {clock(start)} to {day(end)} {clock(end)} UTC"


def number(value: float) -> str:
    """Short enough for a picture, and read as a number: `0.25`, `47`, `9120`, `8.59G`, `1e+30`."""
    if value == 0:
        return "0"
    if abs(value) >= 1e15 or abs(value) < 1e-4:
        return f"{value:.3g}"
    for size, prefix in _PREFIXES:
        if abs(value) >= size:
            divisor = 1e3 if prefix == "k" else size
            return f"{value / divisor:.4g}{prefix}"
    return f"{value:.4g}"


def _label(seconds: float, step: float) -> str:
    at = _at(seconds)
    if step >= _DAY_S:
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M:%S}" if step < 60 else f"{at:%H:%M}"


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
