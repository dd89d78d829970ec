"""What triage remembers between two deliveries, as rows keep it: plain values, aware times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity


@dataclass(frozen=True, slots=True)
class Series:
    """One fingerprint: whether it fires, since when, where its deliveries go, and when it began lately.

    `starts_at` is the sender's word for its beginning: compared with itself alone, never with our clock.
    `fires` are the times at which it began, the newest last, `MOST_FIRES` of triage at most.
    """

    fingerprint: str
    status: AlertStatus
    severity: Severity
    began_at: datetime
    last_at: datetime
    incident: int | None
    starts_at: datetime | None = None
    ended_at: datetime | None = None
    fires: tuple[datetime, ...] = ()
    name: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """An alert of that name began there: what an open incident looks like to correlation."""

    name: str
    service: str
    host: str
    unit: str
    at: datetime

    @property
    def place(self) -> tuple[str, str, str, str]:
        return (self.name, self.service, self.host, self.unit)


@dataclass(frozen=True, slots=True)
class Group:
    """An open incident as triage sees it.

    `told` maps what people were told of it (`critical:orders:OrdersStuck`) to when. `told_at` is None while
    all of it is held. `firing` counts its series that fire. `calm_at` is when it may end, where it may fire
    again at once. `name` is the alert that opened it, at `opened_at`.
    """

    incident: int
    environment: str
    severity: Severity
    moved_at: datetime
    firing: int = 0
    told_at: datetime | None = None
    told: Mapping[str, datetime] = field(default_factory=dict)
    calm_at: datetime | None = None
    name: str = ""
    opened_at: datetime | None = None

    @classmethod
    def told_now(
        cls,
        incident: int,
        environment: str,
        severity: Severity,
        name: str,
        marks: Iterable[str],
        at: datetime,
    ) -> Group:
        """Of an incident that people opened and are told of now; its series are counted as they are tied."""
        told = dict.fromkeys(marks, at)
        return cls(incident, environment, severity, at, told_at=at, told=told, name=name, opened_at=at)


OVERFLOW = "overflow"
"""The step that put an alert to the one incident that holds what nobody can read apart; the group's mark."""


class Held(StrEnum):
    """What became of a hold; empty while it lasts."""

    WAITS = ""
    TOLD = "told"
    CLEARED = "cleared"
    COVERED = "covered"
    """Something else told people of the same before."""


@dataclass(frozen=True, slots=True)
class Hold:
    """An alert that nobody is told of before `due_at`; `alert_id` is the delivery that it stands on."""

    incident: int
    fingerprint: str
    alert_id: int
    began_at: datetime
    due_at: datetime
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery with what was decided of it, as it is stored; `told_at` is when people were told of it."""

    alert: Alert
    fingerprint: str
    decision: Decision
    incident: int | None
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class Remembered:
    """Everything that triage had in memory, as rows have it. `past` are the services of former incidents."""

    revision: int
    groups: Sequence[Group]
    traces: Sequence[tuple[int, Trace]]
    holds: Sequence[Hold]
    habits: Sequence[tuple[str, tuple[float, ...]]]
    openings: Sequence[tuple[datetime, str]]
    since: datetime | None
    past: Sequence[frozenset[str]]
    places: Sequence[Trace]


@dataclass(frozen=True, slots=True)
class Shown:
    """How many deliveries an incident took, how many of them people were told of, and what became of the
    others, by decision: `received` is the sum of all. `held` series wait, the first until `held_until`.
    """

    received: int = 0
    told: int = 0
    absorbed: Mapping[Kind, int] = field(default_factory=dict)
    held_until: datetime | None = None
    held: int = 0
