"""A mute is a maintenance window: matchers on typed fields of an alert, a start, an end and a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LABEL = "label:"
"""What stands before the name of a label that a matcher looks at."""

FIELDS = ("source", "name", "service", "environment", "severity")
LONGEST = timedelta(days=14)


class MuteState(StrEnum):
    """Computed from times, never stored."""

    DRAFT = "draft"
    PLANNED = "planned"
    ACTIVE = "active"
    OVER = "over"


class MuteOrigin(StrEnum):
    PERSON = "person"
    FILE = "file"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Matcher:
    """`field` is one of FIELDS or `label:<name>`; a pattern (RE2) has to match the whole value."""

    field: str
    value: str
    is_pattern: bool = False

    @property
    def shown(self) -> str:
        """As people write it: `service=orders`, `label:pod=~web-[0-9]+`."""
        return f"{self.field}={'~' if self.is_pattern else ''}{self.value}"

    @property
    def row(self) -> dict[str, object]:
        """As it is stored."""
        return {"field": self.field, "value": self.value, "is_pattern": self.is_pattern}

    @classmethod
    def of_row(cls, row: Mapping[str, object]) -> Matcher:
        return cls(str(row["field"]), str(row["value"]), bool(row["is_pattern"]))


@dataclass(frozen=True, slots=True)
class Mute:
    """One window. All matchers have to fit. `critical`: critical alerts are muted too, and shown once.

    `by` is a person's key, or `vigie.toml`; `ended_by` says who ended it before its time, if anybody did.
    """

    id: int
    origin: MuteOrigin
    matchers: tuple[Matcher, ...]
    critical: bool
    reason: str
    by: str
    made_at: datetime
    starts_at: datetime
    ends_at: datetime
    confirmed_at: datetime | None
    ended_by: str = ""
    start_told: bool = False
    end_told: bool = False

    @property
    def label(self) -> str:
        """How people name it: `M3`."""
        return f"M{self.id}"

    def state(self, now: datetime) -> MuteState:
        if self.confirmed_at is None:
            return MuteState.DRAFT
        if now >= self.ends_at:
            return MuteState.OVER
        return MuteState.ACTIVE if now >= self.starts_at else MuteState.PLANNED


@dataclass(frozen=True, slots=True)
class MuteDraft:
    """A mute that somebody asks for; `key` makes it once however often it is asked for."""

    key: str
    origin: MuteOrigin
    matchers: tuple[Matcher, ...]
    critical: bool
    reason: str
    by: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mute would have done to the deliveries since `since`: how many it would have muted of how many.

    `critical` counts the critical ones among those muted, `left` those that it would have let through.
    `names` are the alerts that it fits most often; it fits `kinds` different names and `others` not.
    """

    since: datetime
    muted: int
    total: int
    critical: int
    left: int
    names: tuple[tuple[str, int], ...] = ()
    kinds: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mute that dismissals suggest. It does nothing until somebody of N3 signs it; then it has an end."""

    id: int
    matchers: tuple[Matcher, ...]
    dismissals: int
    people: int
    at: datetime
    decided_at: datetime | None = None
    decided_by: str = ""
    mute_id: int | None = None


def shown(matchers: Iterable[Matcher]) -> str:
    """All of them in one line."""
    return " ".join(matcher.shown for matcher in matchers)
