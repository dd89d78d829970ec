"""What triage remembers between two deliveries, as rows keep it. All of it is plain values; times are aware."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.alert import AlertStatus, Severity


@dataclass(frozen=True, slots=True)
class Series:
    """One fingerprint: whether it fires, since when, where its deliveries go, and when it began lately.

    `starts_at` is the sender's word for its beginning: compared with itself alone, never with our clock.
    `fires` are the times at which it began, the newest last, eight at most.
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

    `told` maps what people were told of it (`critical:orders:OrdersStuck`) to when. `told_at` is None while all
    of it is held. `firing` counts its series that fire. `calm_at` is when it may end, where one of them flaps.
    """

    incident: int
    environment: str
    severity: Severity
    moved_at: datetime
    firing: int = 0
    told_at: datetime | None = None
    told: Mapping[str, datetime] = field(default_factory=dict)
    calm_at: datetime | None = None


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
