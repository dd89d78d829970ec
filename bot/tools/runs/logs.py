"""`run: {runner: logs, ...}`: the end of a file, or what Loki's HTTP interface gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bot.tools.runs.http import origin_of
from bot.tools.runs.prometheus import Queries
from bot.tools.runs.queries import with_ways

Count = Annotated[int, Field(ge=1, le=5000)]
Hole = Annotated[str, Field(pattern=r"^\{[a-z][a-z0-9_]*\}$", examples=["{lines}"])]


class LogsRun(Queries):
    """The last lines that hold a text: give `file`, an absolute path, or `url` and `query` of a Loki."""

    runner: Literal["logs"]
    file: str = Field("", max_length=500, examples=["{app.log}"])
    contains: str = Field("", max_length=200, examples=["{words}"])
    lines: Count | Hole = Field(100, examples=[100])
    url: str = Field("", max_length=500, examples=["{loki.url}"])
    query: str = Field("", max_length=4000, examples=['{app="{service}"} |= "{words}"'])
    minutes: Annotated[float, Field(gt=0, le=44_640)] | Hole = Field(60.0, examples=[60])

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.file) == bool(self.url and self.query):
            raise ValueError(
                "give either `file`, or `url` and `query`. Write for example file: /var/log/orders.log."
            )
        if self.contains and not self.file:
            raise ValueError(
                'a query filters by itself. Write |= "..." behind it in the place of `contains`.'
            )
        if self.file and not self.file.startswith(("/", "{")):
            raise ValueError("file must be an absolute path. Write for example file: /var/log/orders.log.")
        return self

    def call(self, only_reads: bool = False) -> dict[str, object]:
        if self.file:
            return {"file": self.file, "contains": self.contains, "lines": self.lines}
        return self.base() | {"query": with_ways(self.query), "minutes": self.minutes, "lines": self.lines}

    def signed_places(self) -> Mapping[str, str]:
        places = {"file": self.file, "url": origin_of(self.url), "hosts": " ".join(self.hosts)}
        return {name: text for name, text in places.items() if text}
