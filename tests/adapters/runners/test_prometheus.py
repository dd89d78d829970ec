"""The prometheus runner against a real Prometheus: one number, and a value that never becomes PromQL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.chart import apart
from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.runs import PrometheusRun
from bot.tools.runs.queries import mistakes_in, with_ways
from bot.tools.secrets import Secrets
from bot.tools.template import fill
from tests import prometheus_filled

PROMETHEUS = RUNNERS["prometheus"]
HOSTILE = 'orders"} or vector(1) or x{service="'
QUEUE = 'queue_depth{service="{service}"}'


def samples() -> str:
    """Two services, one of them with a name that spells PromQL, half an hour long."""
    now = int(time.time())
    names = {"orders": 7, "billing": 2, 'or"ders\\': 5, "a.b": 3, "aXb": 4}
    lines = ["# TYPE queue_depth gauge"]
    for name, depth in names.items():
        label = name.replace("\\", "\\\\").replace('"', '\\"')
        for minutes in range(30, -1, -1):
            lines.append(f'queue_depth{{service="{label}"}} {depth + minutes} {now - minutes * 60}')
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with prometheus_filled.server(samples()) as address:
        yield address


async def ask(
    url: str, query: str, cap: int = 10_000, given: dict[str, Any] | None = None, **options: object
) -> RunResult:
    """A query of the catalogue; `given` are the values of its holes."""
    entry = PrometheusRun.model_validate({"runner": "prometheus", "url": url, "query": query, **options})
    assert list(entry.mistakes()) == []
    call = fill(entry.call(), given or {}, {})
    assert isinstance(call, dict)
    return await PROMETHEUS.run(PROMETHEUS.resolve(call), 10, cap, Secrets({}).get)


def value(result: RunResult) -> object:
    assert result.ok, result.problem
    return json.loads(result.output)["value"]


async def test_a_query_gives_one_number(url: str) -> None:
    """Of a single series, of a scalar, and of several by the way that is declared."""
    assert value(await ask(url, QUEUE, given={"service": "orders"})) == 7
    assert value(await ask(url, "scalar(sum(queue_depth))")) == 21
    many = {"sum": 21, "max": 7, "min": 2, "avg": 4.2, "count": 5}
    for reduce, expected in many.items():
        assert value(await ask(url, "queue_depth", reduce=reduce)) == expected


async def test_several_series_or_none_are_no_number(url: str) -> None:
    """Unless the entry says what they mean."""
    assert "`reduce` says" in (await ask(url, "queue_depth")).problem
    assert "no series fits" in (await ask(url, "nothing_here")).problem
    assert value(await ask(url, "nothing_here", when_empty=0.0)) == 0
    assert value(await ask(url, "nothing_here", reduce="count")) == 0


async def test_a_range_gives_its_newest_value_and_its_bounds(url: str) -> None:
    """Of the last minutes."""
    result = await ask(url, QUEUE, given={"service": "orders"}, range={"minutes": 10, "step_s": 60.0})
    told = json.loads(result.output)
    assert told["value"] in (7, 8)
    (series,) = told["series"]
    assert (series["labels"]["service"], series["min"] in (7, 8), series["max"] > 14) == (
        "orders",
        True,
        True,
    )


async def test_a_range_keeps_its_points_to_be_drawn(url: str) -> None:
    """Each minute of each series, apart from what is read as text; asked for now alone there are none."""
    whole = await ask(url, "queue_depth", reduce="max", range={"minutes": 20, "step_s": 60.0})
    text, chart = apart(whole.output)
    assert chart is not None
    assert (chart.of, chart.reduce) == (5, "max")
    assert {line.name for line in chart.lines} == {"orders", "billing", 'or"ders\\', "a.b", "aXb"}
    depths = {line.name: line.values for line in chart.lines}
    assert len(depths["orders"]) in (20, 21)
    assert (depths["orders"], depths["orders"][-1]) == (sorted(depths["orders"], reverse=True), 7)
    assert chart.end - chart.start == pytest.approx(1200, abs=1)
    shown = {series["labels"]["service"]: series for series in json.loads(text)["series"]}
    assert (shown["orders"]["min"], shown["orders"]["max"]) == (min(depths["orders"]), max(depths["orders"]))
    assert "chart" not in json.loads(text)
    assert apart((await ask(url, "queue_depth", reduce="max")).output)[1] is None


async def test_points_leave_within_the_cap(url: str) -> None:
    """However small it is: fewer of them, or none, and always the number."""
    window = {"minutes": 30, "step_s": 1.0}
    for cap, has_chart in ((16_384, True), (3_000, True), (256, False)):
        told = await ask(url, "queue_depth", reduce="max", range=window, cap=cap)
        assert len(told.output.encode()) <= cap
        assert value(told) == 7
        assert (apart(told.output)[1] is not None) == has_chart


async def test_what_is_no_number_has_no_value(url: str) -> None:
    """A division by nought can be judged by nobody."""
    result = await ask(url, 'scalar(queue_depth{service="orders"}) / 0 * 0')
    assert result.ok
    assert "value" not in json.loads(result.output)


async def test_what_prometheus_refuses_is_told(url: str) -> None:
    """In its own words."""
    assert "parse error" in (await ask(url, "sum(")).problem
    assert "no answer" in (await ask("http://127.0.0.1:1", "up")).problem


async def test_a_cut_answer_is_still_json(url: str) -> None:
    """The number is there whatever the cap leaves of the series."""
    result = await ask(url, "queue_depth", reduce="sum", cap=256)
    told = json.loads(result.output)
    assert told["value"] == 21
    assert len(told["series"]) < 5
    assert "cut" in told


@pytest.mark.parametrize("name", ['or"ders\\', "a.b", "orders"])
async def test_any_label_is_found_by_its_name(url: str, name: str) -> None:
    """Quotes, backslashes and dots are characters, within a regular expression, too."""
    expected = {'or"ders\\': 5, "a.b": 3, "orders": 7}[name]
    assert value(await ask(url, QUEUE, given={"service": name})) == expected
    assert value(await ask(url, 'queue_depth{service=~"{service}"}', given={"service": name})) == expected
    others = 'count(queue_depth{service!~"{service}",service!="{service}"})'
    assert value(await ask(url, others, given={"service": name})) == 4


@pytest.mark.attack("A5")
async def test_a_value_that_spells_promql_is_only_a_label(url: str) -> None:
    """It closes no quotes and adds no series: asked of a real Prometheus, nothing is of that name."""
    for query in (QUEUE, 'queue_depth{service=~"{service}"}'):
        for text in (HOSTILE, ".*", "orders|billing", '"', "\\", "}", 'orders" or up'):
            told = await ask(url, query, given={"service": text}, when_empty=-1.0)
            assert value(told) == -1, text


async def test_numbers_and_durations_stand_outside_of_quotes(url: str) -> None:
    """And nothing but numbers."""
    above = "count(queue_depth > {limit})"
    assert value(await ask(url, above, given={"limit": 3})) == 3
    long = 'max_over_time(queue_depth{service="billing"}[{minutes}m])'
    assert value(await ask(url, long, given={"minutes": 5})) in (6, 7)
    numbers: tuple[object, ...] = ("3) or vector(1", True, "1e9", "", "0x1")
    for wrong in numbers:
        with pytest.raises(ArgumentRefused, match="only a number may"):
            await ask(url, above, given={"limit": wrong})
    counts: tuple[object, ...] = ("5m] or x[5", -1, 1.5)
    for wrong in counts:
        with pytest.raises(ArgumentRefused, match="only a whole number of 0 or more may"):
            await ask(url, long, given={"minutes": wrong})


@pytest.mark.parametrize(
    "query",
    [
        "up{service={service}}",
        "{metric}",
        'up{{label}="x"}',
        "up{service=`{service}`}",
        "up{service='{service}'}",
        'label_replace(up, "a", "{b}", "c", "d")',
        "rate(up[{window}])",
        "up # {service}",
        "up offset {window}",
        'up{service="x"}{service}',
        "queue_{service}",
        "{service}_depth > 1",
        "1{service}",
    ],
)
def test_a_hole_that_could_become_promql_is_no_entry(query: str) -> None:
    """Names, durations, selectors, other quotes, functions, comments: each is named, with what to do."""
    assert len(list(mistakes_in(query))) >= 1


@given(st.text(max_size=40))
def test_a_value_stays_within_its_quotes(text: str) -> None:
    """For every text: what was put in comes out of the string literal again, and nothing stands beside it."""
    filled = fill(with_ways(QUEUE), {"service": text}, {})
    assert isinstance(filled, str)
    assert filled.startswith('queue_depth{service="')
    inner = filled.removeprefix('queue_depth{service="').removesuffix('"}')
    read, rest = "", inner
    while rest:
        if rest[0] == "\\":
            read += {"\\": "\\", '"': '"', "n": "\n"}[rest[1]]
            rest = rest[2:]
        else:
            assert rest[0] not in '"\n'
            read += rest[0]
            rest = rest[1:]
    assert read == text
