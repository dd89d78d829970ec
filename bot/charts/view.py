"""All that a chart shows beside its points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.charts.scales import number
from bot.domain.chart import Chart, Line
from bot.domain.tool import Expectation

_OPERATORS = {"at_most": "at most", "at_least": "at least", "equals": "exactly"}
_COMPARED = frozenset({"one", "max", "min"})
"""Ways of making one number of many series after which it is the number of one of them."""


@dataclass(frozen=True, slots=True)
class View:
    """One chart with its title. `expect` is what the check's value should be, `began` when the alert did."""

    chart: Chart
    title: str
    unit: str = ""
    expect: Expectation | None = None
    began: datetime | None = None

    @property
    def bound(self) -> float | None:
        """What every line is to be held against; None where the check bounds something else, as their sum."""
        is_of_one = self.chart.of == 1 or self.chart.reduce in _COMPARED
        if self.expect is None or not is_of_one:
            return None
        bound = self.expect.bound
        return float(bound) if isinstance(bound, int | float) and not isinstance(bound, bool) else None

    @property
    def demand(self) -> str:
        """`at most 20`: the bound in words; empty where there is none."""
        if self.expect is None or self.bound is None:
            return ""
        return f"{_OPERATORS[self.expect.operator]} {number(self.bound)}"

    @property
    def alert_at(self) -> float | None:
        """When the alert began, in seconds since 1970, if that is within the window."""
        if self.began is None:
            return None
        at = self.began.timestamp()
        return at if self.chart.start <= at <= self.chart.end else None

    @property
    def drawable(self) -> list[Line]:
        return [line for line in self.chart.lines if line.values]
