"""The points of a metric over a window: few enough to be kept with a check's output, and to be drawn again.

They stand in the output of the check, under `KEY`, behind all else. Who reads the output as text leaves them
out (`apart`): a hundred numbers say less than the lowest, the highest and the newest of them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KEY = "chart"
MOST_LINES, MOST_POINTS = 8, 120
_NAME = 60
_FEWER = (MOST_POINTS, 60, 30, 14)  # points of each line, tried in turn until they fit
_LAST = 4e9  # seconds: far from now, and still a date
_PRECISION = 6  # digits of a value: more than a picture can show

_Named = tuple[str, Sequence[tuple[float, float]]]
Point = tuple[float, float | None]
"""Seconds since 1970, and the value; None where there was none for a while."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series. Its name is foreign text: what tells it from the others, empty where it is alone."""

    name: str
    points: tuple[Point, ...]

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.points if value is not None]


@dataclass(frozen=True, slots=True)
class Chart:
    """What can be drawn of `of` series between `start` and `end`, in seconds since 1970.

    `reduce` says how the check's one number was made of all series (`one`, `sum`, `max`, ...).
    """

    start: float
    end: float
    lines: tuple[Line, ...]
    of: int
    reduce: str = "one"

    @property
    def digest(self) -> str:
        """The same for the same points."""
        return hashlib.sha256(json.dumps(_packed(self)).encode()).hexdigest()[:16]


def chart_of(
    series: Sequence[tuple[Mapping[str, str], Sequence[tuple[float, float]]]],
    start: float,
    end: float,
    step_s: float,
    reduce: str = "one",
) -> Chart | None:
    """Of labels and points of each series; None where no line could be drawn.

    Of many series the highest are kept, and the one that goes lowest; of many points the lowest and the
    highest of every stretch.
    """
    names = _names([labels for labels, _ in series])
    every = [(name, points) for name, (_, points) in zip(names, series, strict=True)]
    drawable = [one for one in every if sum(math.isfinite(value) for _, value in one[1]) > 1]
    if not drawable:
        return None
    lines = tuple(Line(name, _kept(points, step_s)) for name, points in _chosen(drawable))
    return Chart(start, end, lines, len(series), reduce)


def with_chart(output: str, chart: Chart, cap: int) -> str:
    """`output` (a JSON object) with as many of the points as `cap` bytes leave room for; maybe none."""
    for most in _FEWER:
        lines = tuple(Line(line.name, thinned(line.points, most)) for line in chart.lines)
        packed = _packed(Chart(chart.start, chart.end, lines, chart.of, chart.reduce))
        whole = json.dumps({**json.loads(output), KEY: packed}, ensure_ascii=False, allow_nan=False)
        if len(whole.encode("utf-8", "replace")) <= cap:
            return whole
    return output


def room_for(chart: Chart) -> int:
    """How many bytes all of its points take."""
    return len(json.dumps(_packed(chart), ensure_ascii=False).encode("utf-8", "replace")) + len(KEY) + 6


def apart(output: str) -> tuple[str, Chart | None]:
    """The output of a check without its points, and the points; all of it and None where there are none."""
    if f'"{KEY}": ' not in output:
        return output, None
    try:
        told = json.loads(output)
    except (ValueError, RecursionError):  # no JSON, or nested without end
        return output, None
    chart = _unpacked(told.get(KEY)) if isinstance(told, dict) else None
    if chart is None:
        return output, None
    del told[KEY]
    return json.dumps(told, ensure_ascii=False), chart


def thinned(points: Sequence[Point], most: int) -> tuple[Point, ...]:
    """At most `most` of them: the first, the last, and of each stretch between its lowest and its highest."""
    if len(points) <= most:
        return tuple(points)
    inner, count = points[1:-1], (most - 2) // 2
    kept: list[Point] = [points[0]]
    for number in range(count):
        stretch = inner[number * len(inner) // count : (number + 1) * len(inner) // count]
        known = [(value, at) for at, value in stretch if value is not None]
        if known:
            both = {(at, value) for value, at in (min(known), max(known))}
            kept += sorted(both)
        elif stretch:
            kept.append(stretch[0])
    return (*kept, points[-1])


def _chosen(every: Sequence[_Named]) -> list[_Named]:
    """At most `MOST_LINES`, in their own order."""
    if len(every) <= MOST_LINES:
        return list(every)
    bounds = [[value for _, value in points if math.isfinite(value)] for _, points in every]
    order = sorted(range(len(every)), key=lambda n: max(bounds[n]), reverse=True)
    lowest = min(range(len(every)), key=lambda n: min(bounds[n]))
    kept = order[:MOST_LINES] if lowest in order[:MOST_LINES] else [*order[: MOST_LINES - 1], lowest]
    return [every[number] for number in sorted(kept)]


def _kept(points: Sequence[tuple[float, float]], step_s: float) -> tuple[Point, ...]:
    """Few, and rounded. What is no number, and a time without points, is a gap: no line is drawn over it."""
    made: list[Point] = []
    for at, value in points:
        if made and at - made[-1][0] > 1.5 * step_s:
            made.append((made[-1][0] + step_s, None))
        made.append((at, value if math.isfinite(value) else None))
    few = thinned(made, MOST_POINTS)
    return tuple((at, None if value is None else float(f"{value:.{_PRECISION}g}")) for at, value in few)


def _names(labels: Sequence[Mapping[str, str]]) -> list[str]:
    """What tells each series from the others: the labels that differ, by their value where it is one."""
    if len(labels) < 2:
        return [""] * len(labels)
    every = sorted({key for one in labels for key in one})
    differing = [key for key in every if len({one.get(key, "") for one in labels}) > 1]
    if len(differing) == 1:
        return [str(one.get(differing[0], ""))[:_NAME] for one in labels]
    return [", ".join(f"{key}={one[key]}" for key in differing if key in one)[:_NAME] for one in labels]


def _packed(chart: Chart) -> dict[str, object]:
    """As it is stored: the points of a line as one flat list, times in seconds from the start."""
    lines = []
    for line in chart.lines:
        flat = [part for at, value in line.points for part in (_since(at, chart), _short(value))]
        lines.append([line.name, flat])
    return {
        "start": round(chart.start, 3),
        "end": round(chart.end, 3),
        "of": chart.of,
        "reduce": chart.reduce,
        "lines": lines,
    }


def _since(at: float, chart: Chart) -> float | int | None:
    """Seconds from the start; whole ones where no eye could tell."""
    return _short(round(at - chart.start, 0 if chart.end - chart.start > 900 else 3))


def _short(number: float | None) -> float | int | None:
    if number is None:
        return None
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _unpacked(told: object) -> Chart | None:
    """What `_packed` made; None for everything else, as anything may stand in an output."""
    if not isinstance(told, dict) or set(told) != {"start", "end", "of", "reduce", "lines"}:
        return None
    start, end, of, reduce, lines = (told[key] for key in ("start", "end", "of", "reduce", "lines"))
    fits = _is_number(start) and _is_number(end) and 0 <= start < end <= _LAST and isinstance(reduce, str)
    if not (fits and isinstance(of, int) and isinstance(lines, list) and 0 < len(lines) <= MOST_LINES):
        return None
    made = [_line(line, start) for line in lines]
    known = tuple(line for line in made if line is not None)
    return Chart(float(start), float(end), known, of, reduce) if len(known) == len(made) else None


def _line(told: object, start: float) -> Line | None:
    if not (isinstance(told, list) and len(told) == 2 and isinstance(told[0], str)):
        return None
    name, flat = told
    if not isinstance(flat, list) or len(flat) % 2 or not 0 < len(flat) <= 2 * MOST_POINTS:
        return None
    times, values = flat[::2], flat[1::2]
    if not all(map(_is_number, times)) or not all(v is None or _is_number(v) for v in values):
        return None
    points = tuple((start + at, None if v is None else float(v)) for at, v in zip(times, values, strict=True))
    return Line(name, points)


def _is_number(value: object) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an int that is no float
        return False
