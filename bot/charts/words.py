"""Says in words what a chart shows: for who cannot see it, and beside it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.charts import scales
from bot.charts.view import View
from bot.domain.chart import Line

ALT_TEXT = 1000
"""Characters that Slack takes as the alt text of a file."""
_NAME, _TITLE, _UNIT = 60, 120, 24


@dataclass(frozen=True, slots=True)
class Told:
    """What is shown and when; each line; then what else is marked. Title and names are foreign."""

    head: str
    lines: tuple[str, ...]
    notes: tuple[str, ...]


def told(view: View) -> Told:
    chart = view.chart
    head = f"{_short(view.title, _TITLE) or 'A metric'}, {scales.window(chart.start, chart.end)}."
    notes = []
    if chart.of > len(view.drawable):
        notes.append(f"{len(view.drawable)} of {chart.of} series are drawn.")
    if view.alert_at is not None:
        is_one_day = scales.day(chart.start) == scales.day(chart.end)
        day = "" if is_one_day else f" on {scales.day(view.alert_at)}"
        notes.append(f"The alert began at {scales.clock(view.alert_at)} UTC{day}.")
    elif view.began is not None and view.began.timestamp() < chart.start:
        notes.append("The alert began before that.")
    if view.demand:
        notes.append(f"It should be {view.demand}.")
    return Told(head, tuple(_line(line, view.unit) for line in view.drawable), tuple(notes))


def alt_text(view: View) -> str:
    """All of it in one, within what Slack takes."""
    said = told(view)
    whole = " ".join(("Line chart.", said.head, *said.lines, *said.notes))
    return whole if len(whole) <= ALT_TEXT else f"{whole[: ALT_TEXT - 1]}…"


def _line(line: Line, unit: str) -> str:
    values = line.values
    named = f"{_short(line.name, _NAME)}: " if line.name else ""
    last = scales.number(values[-1]) + (f" {_short(unit, _UNIT)}" if unit else "")
    gone = ", then nothing" if line.points[-1][1] is None else ""
    low, high = scales.number(min(values)), scales.number(max(values))
    told = f"{named}last {last}{gone}, lowest {low}, highest {high}."
    return told if named else f"{told[0].upper()}{told[1:]}"


def _short(text: str, most: int) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= most else f"{one_line[: most - 1]}…"
