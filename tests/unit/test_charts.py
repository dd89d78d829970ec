"""Charts: whatever a metric's points and labels are, there is a small picture, and words say the same."""

from __future__ import annotations

import io
import json
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import bot
from bot.charts import drawing, scales, words
from bot.charts.view import View
from bot.domain.chart import (
    MOST_LINES,
    MOST_POINTS,
    Chart,
    Line,
    apart,
    chart_of,
    room_for,
    thinned,
    with_chart,
)
from bot.domain.tool import Expectation

END = datetime(2026, 11, 26, 13, 5, tzinfo=UTC)
START = END - timedelta(minutes=30)
MOST_BYTES = 300_000
HOSTILE = "\u202eevil\x00\x1b[31m <!channel> <@U1> https://evil.example/ 日本 \ud83d\ude00 שלום"

values = (
    st.floats(allow_nan=True, allow_infinity=True) | st.just(0.0) | st.sampled_from([1e308, -1e308, 5e-324])
)
texts = st.text(max_size=80) | st.just(HOSTILE) | st.just("x" * 5000)
labels = st.dictionaries(st.text(max_size=8), texts, max_size=3)


def points(*given: float, step: float = 60) -> list[tuple[float, float]]:
    return [(START.timestamp() + number * step, value) for number, value in enumerate(given)]


def chart(*series: list[tuple[float, float]], reduce: str = "one") -> Chart:
    named = [({"service": f"s{number}"}, one) for number, one in enumerate(series)]
    made = chart_of(named, START.timestamp(), END.timestamp(), 60, reduce)
    assert made is not None
    return made


def size_of(picture: bytes) -> tuple[int, int]:
    """Its size; that it is a whole PNG is seen by reading all of it."""
    image = Image.open(io.BytesIO(picture))
    assert image.format == "PNG"
    image.load()
    return image.size


@settings(max_examples=20, deadline=None)
@given(
    series=st.lists(st.tuples(labels, st.lists(values, min_size=1, max_size=40)), min_size=1, max_size=12),
    title=texts,
    unit=st.text(max_size=30),
    bound=st.floats() | st.integers() | st.booleans() | st.text(max_size=3),
    operator=st.sampled_from(["at_most", "at_least", "equals"]),
    minutes_before=st.floats(-60, 1e6),
)
def test_nothing_breaks_the_drawing(
    series: list[tuple[dict[str, str], list[float]]],
    title: str,
    unit: str,
    bound: object,
    operator: str,
    minutes_before: float,
) -> None:
    """Huge, no number, infinite, equal, one alone; control characters, right to left, without end."""
    given_ = [(named, points(*some, step=1800 / len(some))) for named, some in series]
    made = chart_of(given_, START.timestamp(), END.timestamp(), 60)
    if made is None:
        assert all(sum(map(math.isfinite, some)) < 2 for _, some in series)
        return
    began = END - timedelta(minutes=minutes_before)
    view = View(made, title, unit, Expectation(operator, bound), began)
    picture = drawing.png(view)
    assert size_of(picture)[0] == drawing.WIDTH
    assert len(picture) < MOST_BYTES
    assert len(words.alt_text(view)) <= words.ALT_TEXT


def test_thousands_of_long_series_are_a_small_picture() -> None:
    """A line that fills the picture eight times over is still below what a thread should carry."""
    wild = [points(*(math.sin(n * (k + 1)) * 1e9 for n in range(2000)), step=0.9) for k in range(4)]
    made = chart(*wild[:3], *([wild[3]] * 500), reduce="max")
    assert (len(made.lines), made.of) == (MOST_LINES, 503)
    picture = drawing.png(View(made, "x" * 4000, "y" * 4000, Expectation("at_most", 0), START))
    assert len(picture) < MOST_BYTES
    assert "8 of 503 series" in words.alt_text(View(made, "t"))


@given(st.text())
def test_only_plain_glyphs_are_drawn(text: str) -> None:
    """What the font does not have, or what reorders text, is a mark."""
    shown = drawing.plain(text + HOSTILE)
    assert all(" " <= character <= "~" for character in shown)
    assert "evil" in shown


@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1, max_size=2000), st.integers(4, MOST_POINTS))
def test_thinning_loses_no_extreme(some: list[float | None], most: int) -> None:
    """Few enough, in order, the first and the last there, and the lowest and the highest of all."""
    given_ = [(float(number), value) for number, value in enumerate(some)]
    kept = thinned(given_, most)
    assert len(kept) <= most
    assert list(kept) == sorted(kept, key=lambda point: point[0])
    assert set(kept) <= set(given_)
    assert (kept[0], kept[-1]) == (given_[0], given_[-1])
    known, shown = [v for v in some if v is not None], [v for _, v in kept if v is not None]
    if known:
        assert (min(shown), max(shown)) == (min(known), max(known))


def test_of_many_series_the_highest_and_the_lowest_are_kept() -> None:
    """Eight lines, in their own order, with the extremes of all."""
    made = chart(*(points(number, number + 0.5) for number in range(50)))
    assert [line.name for line in made.lines] == ["s0", *(f"s{number}" for number in range(43, 50))]


@given(
    st.lists(st.tuples(labels, st.lists(values, min_size=2, max_size=300)), min_size=1, max_size=10),
    st.integers(300, 40_000),
)
def test_points_are_kept_within_the_cap_and_come_back(
    series: list[tuple[dict[str, str], list[float]]], cap: int
) -> None:
    """The output never outgrows its cap; without the points it is what it was; they can be drawn again."""
    made = chart_of([(n, points(*some)) for n, some in series], START.timestamp(), END.timestamp(), 60)
    if made is None:
        return
    output = json.dumps({"series": [], "count": len(series), "value": 3}, ensure_ascii=False)
    stored = with_chart(output, made, cap)
    assert len(stored.encode("utf-8", "replace")) <= max(cap, len(output))
    text, back = apart(stored)
    assert text == output
    if cap > len(output) + room_for(made):
        assert back is not None
        assert [line.name for line in back.lines] == [line.name for line in made.lines]
        assert back.of == len(series)
        for mine, theirs in zip(made.lines, back.lines, strict=True):
            assert (min(mine.values), max(mine.values)) == pytest.approx(
                (min(theirs.values), max(theirs.values))
            )
        drawn_again = with_chart(text, back, cap)
        assert drawn_again == stored
    elif back is not None:
        assert all(len(line.values) > 0 for line in back.lines)


@pytest.mark.parametrize(
    "told",
    [
        'no JSON but "chart": here',
        '{"chart": "a word"}',
        '{"chart": {"start": 1, "end": 2, "of": 1, "reduce": "one", "lines": []}}',
        '{"chart": {"start": 2, "end": 1, "of": 1, "reduce": "one", "lines": [["a", [1, 2]]]}}',
        '{"chart": {"start": 1, "end": 1e99, "of": 1, "reduce": "one", "lines": [["a", [1, 2]]]}}',
        '{"chart": {"start": 1, "end": 2, "of": 1, "reduce": "one", "lines": [["a", [1, NaN]]]}}',
        '{"chart": {"start": 1, "end": 2, "of": 1, "reduce": "one", "lines": [["a", [1, "x"]]]}}',
        '{"chart": {"start": 1, "end": 2, "of": 1, "reduce": "one", "lines": [["a", [1]]]}}',
        f'{{"chart": {{"start": 1, "end": 2, "of": 1, "reduce": "one", "lines": [["a", {[0, 1] * 500}]]}}}}',
        '{"chart": ' + "[" * 100_000,
    ],
)
def test_what_only_looks_like_points_is_left_alone(told: str) -> None:
    """A tool may print anything: it stays the text that it is, and nothing is drawn."""
    assert apart(told) == (told, None)


def test_a_gap_is_not_drawn_over() -> None:
    """Neither where a value is no number, nor where Prometheus has none."""
    there = points(1, 2, math.nan, 4)
    (line,) = chart([*there, (START.timestamp() + 600, 5.0), (START.timestamp() + 660, 5.0)]).lines
    assert [value for _, value in line.points] == [1, 2, None, 4, None, 5, 5]


def test_words_say_what_the_picture_shows() -> None:
    """Title, window, last, lowest and highest of each series with the unit, the alert, the bound."""
    two = chart(points(4, 9, 6), points(1, 2, 3), reduce="max")
    view = View(two, "Orders that wait", "orders", Expectation("at_most", 8), START + timedelta(minutes=19))
    assert words.alt_text(view) == (
        "Line chart. Orders that wait, 12:35 to 13:05 UTC on 26 Nov 2026. s0: last 6 orders, lowest 4,"
        " highest 9. s1: last 3 orders, lowest 1, highest 3. The alert began at 12:54 UTC."
        " It should be at most 8."
    )


def test_a_bound_on_a_sum_is_no_bound_on_its_parts() -> None:
    """A line at 8 would say that each of two series may be 8, where both together may."""
    view = View(chart(points(4, 5), points(4, 5), reduce="sum"), "t", "", Expectation("at_most", 8))
    assert view.bound is None
    assert "should be" not in words.alt_text(view)
    alone = View(chart(points(4, 5), reduce="sum"), "t", "", Expectation("at_most", 8))
    assert alone.bound == 8


def test_alert_and_bound_are_seen() -> None:
    """Each changes the picture: the ground is tinted from the alert on, a dashed line is the bound."""
    made = chart(points(1, 5, 2))
    plain = drawing.png(View(made, "t"))
    assert drawing.png(View(made, "t")) == plain
    assert drawing.png(View(made, "t", began=START + timedelta(minutes=9))) != plain
    assert drawing.png(View(made, "t", expect=Expectation("at_most", 4))) != plain


def test_one_point_and_an_unknown_end_are_drawn_and_said() -> None:
    """A line may end early; a stretch may be one point alone."""
    start = START.timestamp()
    line = Line("a", ((start, 1.0), (start + 60, None), (start + 120, 2.0), (start + 180, None)))
    view = View(Chart(start, END.timestamp(), (line,), 1), "t")
    assert size_of(drawing.png(view)) == (drawing.WIDTH, drawing.PLOT_HEIGHT)
    assert "last 2, then nothing, lowest 1" in words.alt_text(view)


@given(values.filter(math.isfinite), values.filter(math.isfinite), st.none() | values.filter(math.isfinite))
def test_an_axis_has_room_and_few_round_numbers(low: float, high: float, bound: float | None) -> None:
    """For any two values it is finite, holds both, and has a handful of labels."""
    bottom, top = scales.span([low, high], bound)
    assert math.isfinite(top - bottom)
    assert bottom < top
    assert bottom <= scales.bounded(min(low, high))
    assert top >= scales.bounded(max(low, high))
    assert len(scales.value_ticks(bottom, top)) <= 12


@given(st.floats(0, 3e9), st.floats(0.001, 9e8))
def test_times_are_few_and_round(start: float, seconds: float) -> None:
    """From a thousandth of a second to thirty years."""
    ticks = scales.time_ticks(start, start + seconds)
    assert len(ticks) <= 14
    assert all(start <= at <= start + seconds for at, _ in ticks)


def test_what_draws_is_loaded_with_the_first_picture() -> None:
    """No module of the bot imports the library as it is loaded itself: a start would pay for it."""
    modules = (Path(bot.__path__[0]) / "..").resolve().glob("bot/**/*.py")
    importing = [path for path in modules if re.search(r"^(import|from) PIL", path.read_text(), re.MULTILINE)]
    assert importing == []
