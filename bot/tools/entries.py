"""The shape of a catalogue file, strictly typed: an unknown key or a wrong type is an error."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import re2
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bot.domain.tool import Argument, Expectation, Limits, Reading, Risk, Use

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,47}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Scalar = bool | int | float | str

# What an error shows to be written: the example of the root README.
_ARGV = ["/usr/bin/systemctl", "restart", "{worker.unit}"]
_RUN = {"runner": "http", "url": "{app.url}/health"}
_ARGUMENTS = {"app": {"type": "reference", "inventory": "apps"}}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _check_pattern(pattern: str) -> None:
    if not pattern:
        raise ValueError("a pattern argument needs `pattern`. Write for example pattern: '[a-z0-9-]{1,40}'.")
    options = re2.Options()
    options.log_errors = False  # it would write to standard error by itself
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise ValueError(f"the pattern is not valid ({why}). Write one in the syntax of RE2.") from None


class ArgumentEntry(Strict):
    """One typed argument of a tool."""

    type: Annotated[
        Literal["enum", "integer", "pattern", "boolean", "reference"], Field(examples=["reference"])
    ]
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
            raise ValueError("an enum needs `choices`. Write for example choices: [small, large].")
        if self.type == "integer" and (self.minimum is None or self.maximum is None):
            raise ValueError(
                "an integer needs `minimum` and `maximum`. Write for example minimum: 1, maximum: 10."
            )
        if self.type == "reference" and not self.inventory:
            raise ValueError(
                "a reference needs `inventory`, the kind of row that it names."
                " Write for example inventory: apps."
            )
        if self.type == "pattern":
            _check_pattern(self.pattern)
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
            raise ValueError(
                "give exactly one of at_most, at_least, equals. Write for example {at_most: 100}."
            )
        return self

    def expectation(self) -> Expectation:
        operator = next(iter(self.model_fields_set))
        return Expectation(operator, getattr(self, operator))


class ReadsEntry(Strict):
    """Where the value stands in the JSON that a check prints, and what it should be."""

    value: Annotated[str, StringConstraints(pattern=r"^(/[^/]+)+$"), Field(examples=["/queue"])]
    healthy: Annotated[ExpectEntry, Field(examples=[{"at_most": 100}])]
    unit: str = ""
    identity: Annotated[
        str, StringConstraints(pattern=r"^((/[^/]+)+)?$"), Field(examples=["/started_at"])
    ] = ""

    def value_(self) -> Reading:
        return Reading(self.value, self.healthy.expectation(), self.unit, self.identity)


class CommandRun(Strict):
    """An argument vector with an absolute program; `files` are scripts whose sha256 is part of the digest."""

    runner: Literal["command"]
    argv: Annotated[list[str], Field(min_length=1, max_length=64, examples=[_ARGV])]
    files: list[str] = []

    def call(self) -> dict[str, object]:
        return {"argv": list(self.argv), "files": list(self.files)}


class HttpRun(Strict):
    """One HTTP request; redirects are never followed. Header values may hold `{secret:NAME}`."""

    runner: Literal["http"]
    method: Literal["GET", "HEAD", "POST", "PUT", "DELETE"] = "GET"
    url: Annotated[Line, Field(examples=["{app.url}/health"])]
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None

    def call(self) -> dict[str, object]:
        return {"method": self.method, "url": self.url, "headers": dict(self.headers), "body": self.body}


class CheckUse(Strict):
    """A check with arguments; `expect` overrides what the check itself calls healthy."""

    check: Annotated[Name, Field(examples=["queue_depth"])]
    arguments: dict[str, Scalar] = {}
    expect: ExpectEntry | None = None
    settle_s: Annotated[float, Field(ge=0, le=3600)] = 0.0

    def use(self) -> Use:
        expect = self.expect.expectation() if self.expect else None
        return Use(self.check, self.arguments, expect, self.settle_s)


class ActionUse(Strict):
    """The action that takes another one back."""

    action: Annotated[Name, Field(examples=["start_worker"])]
    arguments: dict[str, Scalar] = {}

    def use(self) -> Use:
        return Use(self.action, self.arguments)


class LimitsEntry(Strict):
    """How often an action may run."""

    at_once: Annotated[int, Field(ge=1, le=100, examples=[1])] = 1
    per_hour: Annotated[int, Field(ge=1, le=10_000, examples=[10])] = 10

    def limits(self) -> Limits:
        return Limits(self.at_once, self.per_hour)


class CheckEntry(Strict):
    """A tool that only reads."""

    title: Annotated[Line, Field(examples=["Orders waiting"])]
    does: Annotated[Line, Field(examples=["Reads how many orders wait."])]
    owner: Annotated[Line, Field(examples=["team-orders"])]
    run: Annotated[CommandRun | HttpRun, Field(discriminator="runner", examples=[_RUN])]
    arguments: dict[Name, ArgumentEntry] = Field({}, examples=[_ARGUMENTS])
    environments: Annotated[list[str], Field(min_length=1, examples=[["production"]])]
    services: Annotated[list[str], Field(min_length=1, examples=[["orders"]])]
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 10.0
    output_cap: Annotated[int, Field(ge=256, le=1_000_000)] = 16_384
    reads: ReadsEntry | None = Field(None, examples=[{"value": "/queue", "healthy": {"at_most": 100}}])

    @model_validator(mode="after")
    def _reads_only(self) -> Self:
        is_check = type(self) is CheckEntry
        if is_check and isinstance(self.run, HttpRun) and self.run.method not in ("GET", "HEAD"):
            raise ValueError(
                "a check only reads: its method is GET or HEAD. Declare what changes under actions."
            )
        return self


class ActionEntry(CheckEntry):
    """A tool that changes something: it needs a reason to trust it and a way to see whether it helped."""

    expected_effect: Annotated[Line, Field(examples=["The queue empties within a minute."])]
    risk: Annotated[Risk, Field(examples=["low"])]
    precondition: Annotated[CheckUse, Field(examples=[{"check": "queue_depth", "expect": {"at_least": 101}}])]
    verification: Annotated[CheckUse, Field(examples=[{"check": "queue_depth", "settle_s": 60}])]
    undo: ActionUse | None = Field(None, examples=[{"action": "start_worker"}])
    no_undo: str = ""
    limits: LimitsEntry = Field(LimitsEntry(), examples=[{"at_once": 1, "per_hour": 10}])

    @model_validator(mode="before")
    @classmethod
    def _risk_by_name(cls, raw: object) -> object:
        if isinstance(raw, dict) and raw.get("risk") in [risk.value for risk in Risk]:
            return raw | {"risk": Risk(raw["risk"])}
        return raw

    @model_validator(mode="after")
    def _says_how_to_go_back(self) -> Self:
        if (self.undo is None) == (not self.no_undo):
            raise ValueError(
                "give either `undo` or `no_undo` with the reason why there is none."
                " Write for example no_undo: a restart cannot be taken back."
            )
        return self


class CatalogueFile(Strict):
    """The whole file."""

    version: Literal[1]
    inventory: str = ""
    checks: dict[Name, CheckEntry] = {}
    actions: dict[Name, ActionEntry] = {}
