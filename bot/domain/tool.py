"""Tools: checks read, actions change. Their declarations come from the catalogue, the whitelist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Inventory = Mapping[str, Mapping[str, Mapping[str, object]]]
"""What arguments may refer to: the kind of a row, its id, its fields."""


class ToolKind(StrEnum):
    CHECK = "check"
    ACTION = "action"


class Risk(StrEnum):
    LOW = "low"
    HIGH = "high"
    DESTRUCTIVE = "destructive"


class Verdict(StrEnum):
    """What a check says of its value: as it should be, not so, or it could not be told."""

    HEALTHY = "healthy"
    FAULTY = "faulty"
    UNKNOWN = "unknown"


def shown(value: object) -> str:
    """A value as people and tools read it: booleans as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Argument:
    """One typed argument. `type` is enum, integer, pattern, boolean or reference."""

    name: str
    type: str
    title: str = ""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    pattern: str = ""
    inventory: str = ""
    default: object = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a read value must be: at most, at least, or equal to something."""

    operator: str
    bound: object

    def holds(self, value: object) -> bool:
        """Whether `value` is as expected; a value of another type never is."""
        if self.operator == "equals":
            return type(value) is type(self.bound) and value == self.bound
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not isinstance(self.bound, int | float):
            return False
        return value <= self.bound if self.operator == "at_most" else value >= self.bound

    def __str__(self) -> str:
        return f"{self.operator.replace('_', ' ')} {shown(self.bound)}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a check's JSON output is read: JSON pointers to the value and to the target's identity."""

    value: str
    healthy: Expectation
    unit: str = ""
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """A reference to another tool: the check that must pass, the check that verifies, the undo."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    expect: Expectation | None = None
    settle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How often one action may run: so many at the same time, so many within any hour."""

    at_once: int = 1
    per_hour: int = 10

    def entry(self) -> dict[str, object]:
        """As it stands in a plan, so that a changed limit changes the digest."""
        return {"at_once": self.at_once, "per_hour": self.per_hour}


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the catalogue, validated. `entry` is the entry as written, for people and the digest."""

    name: str
    kind: ToolKind
    title: str
    does: str
    runner: str
    call: Mapping[str, object]
    arguments: tuple[Argument, ...]
    timeout_s: float
    output_cap: int
    environments: tuple[str, ...]
    services: tuple[str, ...]
    owner: str
    entry: Mapping[str, object]
    risk: Risk = Risk.LOW
    reads: Reading | None = None
    expected_effect: str = ""
    precondition: Use | None = None
    verification: Use | None = None
    undo: Use | None = None
    no_undo: str = ""
    limits: Limits = Limits()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check gave. `value` is None and `problem` says why when it could not be read."""

    tool: str
    verdict: Verdict
    value: object
    unit: str
    identity: str
    output: str
    problem: str = ""

    @property
    def told(self) -> str:
        """The value for people: `14 orders`, or why there is none."""
        if self.verdict is Verdict.UNKNOWN:
            return f"cannot tell: {self.problem}" if self.problem else "see its output"
        return f"{shown(self.value)} {self.unit}".strip()
