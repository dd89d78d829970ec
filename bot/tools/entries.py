"""The shape of a catalogue file, strictly typed: an unknown key or a wrong type is an error."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import re2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bot.domain.tool import Argument, Expectation, Reading, Risk, Use

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,47}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Scalar = bool | int | float | str


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ArgumentEntry(Strict):
    """One typed argument of a tool."""

    type: Literal["enum", "integer", "pattern", "boolean", "reference"]
    title: str = ""
    choices: list[str] = []
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    inventory: str = ""
    default: Scalar | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "enum" and not self.choices:
            raise ValueError("an enum needs `choices`")
        if self.type == "integer" and (self.minimum is None or self.maximum is None):
            raise ValueError("an integer needs `minimum` and `maximum`")
        if self.type == "reference" and not self.inventory:
            raise ValueError("a reference needs `inventory`, the kind of row that it names")
        if self.type == "pattern":
            if not self.pattern:
                raise ValueError("a pattern argument needs `pattern`")
            try:
                re2.compile(self.pattern)
            except re2.error as error:
                raise ValueError(f"the pattern is not valid: {error}") from None
        return self

    def value(self, name: str) -> Argument:
        """The argument as the domain knows it."""
        fields = self.model_dump()
        fields["choices"] = tuple(self.choices)
        return Argument(name=name, **fields)


class ExpectEntry(Strict):
    """Exactly one of the three."""

    at_most: int | float | None = None
    at_least: int | float | None = None
    equals: Scalar | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of at_most, at_least, equals")
        return self

    def expectation(self) -> Expectation:
        operator = next(iter(self.model_fields_set))
        return Expectation(operator, getattr(self, operator))


class ReadsEntry(Strict):
    """Where the value stands in the JSON that a check prints, and what it should be."""

    value: Annotated[str, StringConstraints(pattern=r"^(/[^/]+)+$")]
    healthy: ExpectEntry
    unit: str = ""
    identity: Annotated[str, StringConstraints(pattern=r"^((/[^/]+)+)?$")] = ""

    def value_(self) -> Reading:
        return Reading(self.value, self.healthy.expectation(), self.unit, self.identity)


class CommandRun(Strict):
    """An argument vector with an absolute program; `files` are scripts whose sha256 is part of the digest."""

    runner: Literal["command"]
    argv: Annotated[list[str], Field(min_length=1, max_length=64)]
    files: list[str] = []

    def call(self) -> dict[str, object]:
        return {"argv": list(self.argv), "files": list(self.files)}


class HttpRun(Strict):
    """One HTTP request; redirects are never followed. Header values may hold `{secret:NAME}`."""

    runner: Literal["http"]
    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE"] = "GET"
    url: Line
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None

    def call(self) -> dict[str, object]:
        return {"method": self.method, "url": self.url, "headers": dict(self.headers), "body": self.body}


class CheckUse(Strict):
    """A check with arguments; `expect` overrides what the check itself calls healthy."""

    check: Name
    arguments: dict[str, Scalar] = {}
    expect: ExpectEntry | None = None
    settle_s: Annotated[float, Field(ge=0, le=3600)] = 0.0

    def use(self) -> Use:
        expect = self.expect.expectation() if self.expect else None
        return Use(self.check, self.arguments, expect, self.settle_s)


class ActionUse(Strict):
    """The action that takes another one back."""

    action: Name
    arguments: dict[str, Scalar] = {}

    def use(self) -> Use:
        return Use(self.action, self.arguments)


class CheckEntry(Strict):
    """A tool that only reads."""

    title: Line
    does: Line
    owner: Line
    run: Annotated[CommandRun | HttpRun, Field(discriminator="runner")]
    arguments: dict[Name, ArgumentEntry] = {}
    environments: Annotated[list[str], Field(min_length=1)]
    services: Annotated[list[str], Field(min_length=1)]
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
    output_cap: Annotated[int, Field(ge=256, le=1_000_000)] = 16_384
    reads: ReadsEntry | None = None

    @model_validator(mode="after")
    def _reads_only(self) -> Self:
        is_check = type(self) is CheckEntry
        if is_check and isinstance(self.run, HttpRun) and self.run.method not in ("GET", "HEAD"):
            raise ValueError("a check only reads: its method is GET or HEAD")
        return self


class ActionEntry(CheckEntry):
    """A tool that changes something: it needs a reason to trust it and a way to see whether it helped."""

    expected_effect: Line
    risk: Risk
    precondition: CheckUse
    verification: CheckUse
    undo: ActionUse | None = None
    no_undo: str = ""

    @model_validator(mode="before")
    @classmethod
    def _risk_by_name(cls, raw: object) -> object:
        if isinstance(raw, dict) and raw.get("risk") in [risk.value for risk in Risk]:
            return raw | {"risk": Risk(raw["risk"])}
        return raw

    @model_validator(mode="after")
    def _says_how_to_go_back(self) -> Self:
        if (self.undo is None) == (not self.no_undo):
            raise ValueError("give either `undo` or `no_undo` with the reason why there is none")
        return self


class CatalogueFile(Strict):
    """The whole file."""

    version: Literal[1]
    inventory: str = ""
    checks: dict[Name, CheckEntry] = {}
    actions: dict[Name, ActionEntry] = {}
