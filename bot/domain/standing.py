"""A standing sign-off: given in advance by N3 for one action and one alert, bounded in number and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.alert import AlertStatus, Severity
from bot.domain.person import Person
from bot.domain.tool import Risk


class StandingState(StrEnum):
    """Only one that is in force can be used; only a suspended one comes back, by being signed anew."""

    PROPOSED = "proposed"
    IN_FORCE = "in force"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ENDED = "ended"
    VOID = "void"

    @property
    def is_over(self) -> bool:
        return self not in (StandingState.PROPOSED, StandingState.IN_FORCE, StandingState.SUSPENDED)

    @property
    def can_be_signed(self) -> bool:
        return self in (StandingState.PROPOSED, StandingState.SUSPENDED)


class By(StrEnum):
    """How one of several allowed values is chosen: there is one, the incident's service says, or a label."""

    FIXED = "fixed"
    SERVICE = "service"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Pattern:
    """The values that an argument may have, each written out, and what chooses among them; never free."""

    among: tuple[object, ...]
    by: By


@dataclass(frozen=True, slots=True)
class Trigger:
    """Typed fields of an alert from an authenticated source: each must be exactly so, severity at least."""

    source: str
    name: str
    severity: Severity
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything that N3 says yes to. `in_all` uses at most, `per_hour` of them within any hour."""

    tool: str
    arguments: Mapping[str, Pattern]
    services: tuple[str, ...]
    environments: tuple[str, ...]
    trigger: Trigger
    per_hour: int
    in_all: int
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class StandingSignOff:
    """The row behind it.

    `plan` is the whole of what `digest` covers, `basis` the catalogue and policy that it was built from.
    `round` counts how often signatures were asked for: those of an earlier round are void. `active_at` is
    when the newest round was complete.
    """

    id: int
    terms: Terms
    risk: Risk
    proposer: Person
    why: str
    state: StandingState
    created_at: datetime
    sign_by: datetime
    round: int
    active_at: datetime | None
    uses_left: int
    reason: str
    digest: str
    plan: Mapping[str, object]
    basis: str
    given_by: tuple[str, ...]
    from_proposal: int

    @property
    def label(self) -> str:
        """How people name it: `S3`."""
        return f"S{self.id}"

    @property
    def actor(self) -> str:
        """How the audit log names it where it stands for the people who gave it."""
        return f"standing sign-off {self.label}"

    def is_in_force(self, now: datetime) -> bool:
        """Whether it could be used now, as far as its own row says."""
        return self.state is StandingState.IN_FORCE and now < self.terms.ends_at and self.uses_left > 0


@dataclass(frozen=True, slots=True)
class NewStanding:
    """What a person proposes to be given."""

    terms: Terms
    risk: Risk
    proposer: Person
    why: str
    sign_by: datetime
    digest: str
    plan: Mapping[str, object]
    basis: str
    from_proposal: int


@dataclass(frozen=True, slots=True)
class TypedAlert:
    """One delivery of an alert as its source's parser typed it; `firing` says whether it still fires."""

    id: int
    source: str
    name: str
    status: AlertStatus
    severity: Severity
    service: str
    environment: str
    labels: Mapping[str, str]
    flags: tuple[str, ...]
    received_at: datetime
    firing: bool


@dataclass(frozen=True, slots=True)
class Uses:
    """How often one was used: in all, within the last hour, and when last."""

    in_all: int = 0
    last_hour: int = 0
    last: datetime | None = None
