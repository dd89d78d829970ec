"""`run: {runner: prometheus, ...}`"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from bot.tools.runs.http import SECRET, Networks, mistakes_in_headers, origin_of, url_with_ways
from bot.tools.runs.queries import mistakes_in, with_ways
from bot.tools.shapes import Line, Strict

Query = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
QUERY = 'sum(rate(http_requests_total{service="{service}"}[5m]))'


class Window(Strict):
    """A range query: the last minutes, one value every step."""

    minutes: Annotated[float, Field(gt=0, le=44_640)]
    step_s: Annotated[float, Field(ge=1, le=86_400)] = 60.0


class Queries(Networks):
    """What runners have in common that ask a query over HTTP: they only read."""

    only_reads: ClassVar[bool] = True

    url: Annotated[Line, Field(examples=["{prometheus.url}"])]
    headers: dict[str, str] = {}

    def names_of_secrets(self) -> frozenset[str]:
        return frozenset(SECRET.findall(" ".join(self.headers.values())))

    def signed_places(self) -> Mapping[str, str]:
        return {"url": origin_of(self.url), "hosts": " ".join(self.hosts)}

    def base(self) -> dict[str, object]:
        return {"url": url_with_ways(self.url), "headers": dict(self.headers)} | self.reach()

    def mistakes(self) -> Iterator[tuple[str, str, str]]:
        yield from mistakes_in_headers(self.headers)
        for what, remedy in mistakes_in(str(getattr(self, "query", ""))):
            yield "query", what, remedy


class PrometheusRun(Queries):
    """A PromQL query whose holes stand within quotes or as numbers. `/value` of its output is one number."""

    runner: Literal["prometheus"]
    query: Annotated[Query, Field(examples=[QUERY])]
    range: Window | None = Field(None, examples=[{"minutes": 30, "step_s": 60}])
    reduce: Literal["one", "sum", "max", "min", "avg", "count"] = "one"
    when_empty: float | None = Field(None, examples=[0])

    def call(self, only_reads: bool = False) -> dict[str, object]:
        call = self.base() | {"query": with_ways(self.query), "reduce": self.reduce}
        if self.range:
            call["range"] = self.range.model_dump()
        if self.when_empty is not None:
            call["when_empty"] = self.when_empty
        return call
