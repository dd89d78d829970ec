"""Asks Prometheus a query and gives one number, so that a check can judge it.

Over a range the points come along under `chart`, within the output cap, so that what was seen can be drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from bot.domain.chart import Chart, chart_of, room_for, with_chart
from bot.errors import ArgumentRefused
from bot.tools.json_text import parsed
from bot.tools.runners.addresses import Lookup, look_up
from bot.tools.runners.asking import NoAnswer, asking, check_url, refuse_foreign_secrets
from bot.tools.runners.base import Emit, Output, RunResult, Secret, fitting_json

_MOST = 4_000_000
_OPTIONAL = ("hosts", "private", "range", "when_empty")
_REDUCE: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": math.fsum,
    "max": max,
    "min": min,
    "avg": lambda values: math.fsum(values) / len(values),
    "count": lambda values: float(len(values)),
}


class PrometheusRunner:
    """The runner `prometheus`. Its output is JSON: `value` is the number, `series` are those behind it."""

    def __init__(self, lookup: Lookup = look_up) -> None:
        self._lookup = lookup

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        resolved = {name: call[name] for name in ("url", "headers", "query", "reduce")}
        resolved |= {name: call[name] for name in _OPTIONAL if call.get(name) is not None}
        resolved["url"] = str(call["url"]).rstrip("/")
        query = str(call["query"])
        if not query.isprintable():
            raise ArgumentRefused("query: control characters are not allowed.")
        check_url(str(resolved["url"]), resolved)
        refuse_foreign_secrets(call, ("url", "query"))
        return resolved

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        url, answer, now = str(resolved["url"]), Output(_MOST), datetime.now(UTC)
        try:
            async with asking(url, resolved, secret, timeout_s, self._lookup) as target:
                status = await target.ask("GET", f"{url}/api/v1/{_path(resolved, now)}", answer)
        except NoAnswer as error:
            return RunResult(1, "", str(error))
        try:
            told, chart = _told(answer.text, resolved, now)
        except _Unusable as error:
            return RunResult(1, "", str(error))
        except (ValueError, KeyError, TypeError):
            return RunResult(1, answer.text[:500], f"it answered with status {status}, not as expected.")
        output = Output(output_cap, emit)
        output.add(_fitting(told, chart, output_cap))
        return RunResult(0, output.text)


class _Unusable(ValueError):
    """An answer that is none, as a sentence."""


def _path(resolved: Mapping[str, object], now: datetime) -> str:
    """What is asked, its query as one parameter."""
    window = resolved.get("range")
    if not isinstance(window, Mapping):
        return f"query?{urlencode({'query': resolved['query']})}"
    end = now.timestamp()
    start = end - float(window["minutes"]) * 60
    asked = {
        "query": resolved["query"],
        "start": f"{start:.3f}",
        "end": f"{end:.3f}",
        "step": window["step_s"],
    }
    return f"query_range?{urlencode(asked)}"


def _fitting(told: Mapping[str, object], chart: Chart | None, cap: int) -> bytes:
    """As JSON of at most `cap` bytes. However many series there are, half of it is for the points."""
    if chart is None:
        return fitting_json(told, "series", cap)
    shown = fitting_json(told, "series", cap - min(room_for(chart), cap // 2))
    return with_chart(shown.decode(), chart, cap).encode("utf-8", "replace")


def _told(text: str, resolved: Mapping[str, object], now: datetime) -> tuple[dict[str, object], Chart | None]:
    """The number, and the first of the series that it was made of; over a range what can be drawn of them."""
    answer = parsed(text)
    if answer["status"] != "success":
        raise _Unusable(f"it refused the query: {answer.get('error', 'it did not say why')}.")
    told = _number_of(list(_series(answer["data"])), resolved)
    return told, _chart(answer["data"], resolved, now)


def _number_of(
    series: Sequence[tuple[Any, dict[str, object], float]], resolved: Mapping[str, object]
) -> dict[str, object]:
    reduce = str(resolved["reduce"])
    values = [value for _, _, value in series]
    shown = [{"labels": labels, "value": _number(value)} | more for labels, more, value in series]
    told: dict[str, object] = {"series": shown, "count": len(series)}
    if not series:
        if resolved.get("when_empty") is None and reduce != "count":
            raise _Unusable("no series fits the query; `when_empty` says what that means.")
        return told | {"value": resolved.get("when_empty", 0)}
    if reduce == "one" and len(series) != 1:
        raise _Unusable(f"{len(series)} series fit the query; `reduce` says how they become one number.")
    number = _number(values[0] if reduce == "one" else _REDUCE[reduce](values))
    return told if number is None else told | {"value": number}


def _chart(data: Mapping[str, Any], resolved: Mapping[str, object], now: datetime) -> Chart | None:
    """Only a range has points over time."""
    window = resolved.get("range")
    if not isinstance(window, Mapping) or data["resultType"] != "matrix":
        return None
    end = now.timestamp()
    series = [
        (dict(one["metric"]), [(float(at), float(value)) for at, value in one["values"]])
        for one in data["result"]
    ]
    start = end - float(window["minutes"]) * 60
    return chart_of(series, start, end, float(window["step_s"]), str(resolved["reduce"]))


def _series(data: Mapping[str, Any]) -> Sequence[tuple[Any, dict[str, object], float]]:
    """Labels, what else is shown, and the newest value of each."""
    kind, result = data["resultType"], data["result"]
    if kind == "scalar":
        return [({}, {}, float(result[1]))]
    if kind == "vector":
        return [(one["metric"], {}, float(one["value"][1])) for one in result]
    if kind == "matrix":
        found: list[tuple[Any, dict[str, object], float]] = []
        for one in result:
            values = [float(value) for _, value in one["values"]]
            bounds: dict[str, object] = {
                "min": _number(min(values)),
                "max": _number(max(values)),
                "points": len(values),
            }
            found.append((one["metric"], bounds, values[-1]))
        return found
    raise _Unusable(f"a result of the kind {kind!r} has no number.")


def _number(value: float) -> int | float | None:
    """As JSON has it; None for what is no number (a division by nought)."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
