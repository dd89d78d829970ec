"""What people say against triage, what they regroup, and what proves that the path works: rows as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alert import Alert, AlertStatus, Kind, Severity


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One stored delivery of an alert, with what triage decided of it and why."""

    id: int
    received_at: datetime
    fingerprint: str
    incident_id: int | None
    decision: Kind
    reason: str
    body: Mapping[str, object]
    told_at: datetime | None = None
    mute_id: int | None = None

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def severity(self) -> Severity:
        return Severity(int(str(self.body["severity"])))

    @property
    def labels(self) -> Mapping[str, str]:
        return _pairs(self.body.get("labels"))

    @property
    def origin(self) -> Mapping[str, str]:
        """What its sender calls it, and where it shows it."""
        return _pairs(self.body.get("origin"))

    def alert(self) -> Alert:
        """The alert as its source's `parse` gave it."""
        body = dict(self.body)
        ends_at = body.get("ends_at")
        given = {
            "status": AlertStatus(str(body["status"])),
            "severity": self.severity,
            "starts_at": datetime.fromisoformat(str(body["starts_at"])),
            "ends_at": datetime.fromisoformat(str(ends_at)) if ends_at else None,
            "flags": _texts(body.get("flags")),
        }
        return Alert(**(body | given))  # type: ignore[arg-type]  # what `asdict` made of one


@dataclass(frozen=True, slots=True)
class Tally:
    """How many firing deliveries of one name and severity were decided one way for one reason.

    `told`: people were told because of them. `unseen`: they are in no incident that people were told of.
    """

    decision: Kind
    reason: str
    name: str
    severity: Severity
    count: int
    newest: int
    told: bool
    unseen: bool


def plain_reason(reason: str) -> str:
    """A reason without the numbers of one case, so that alike ones can be counted together."""
    return re.sub(r"\d+(?:[.:]\d+)*", "…", reason)


@dataclass(frozen=True, slots=True)
class Correction:
    """ "This should have paged": until `until` that series is not absorbed by a decision of that kind again.

    `incident_id` is where it was told; `opened` says that the incident was opened for it.
    """

    id: int
    alert_id: int
    fingerprint: str
    decision: Kind
    reason: str
    by: str
    at: datetime
    until: datetime
    incident_id: int | None
    opened: bool
    undone_at: datetime | None = None
    undone_by: str = ""

    def holds(self, now: datetime) -> bool:
        return self.undone_at is None and now < self.until


class Regroup(StrEnum):
    SPLIT = "split"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Series (by fingerprint) that a person moved from the incident `source` to `target`.

    `before` is the state that the source had, to go back to when a merge is taken back.
    """

    id: int
    kind: Regroup
    source: int
    target: int
    moved: tuple[str, ...]
    before: str
    by: str
    at: datetime
    undone_at: datetime | None = None
    undone_by: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """A marked alert on its way: sent to the intake, received by it, and told in Slack."""

    id: int
    nonce: str
    sent_at: datetime
    received_at: datetime | None = None
    told_at: datetime | None = None
    problem: str = ""

    @property
    def is_over(self) -> bool:
        return self.told_at is not None or bool(self.problem)

    @property
    def latency(self) -> timedelta | None:
        """From the sender to Slack, where it came through."""
        return None if self.told_at is None else self.told_at - self.sent_at


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _pairs(value: object) -> dict[str, str]:
    return {str(key): str(own) for key, own in value.items()} if isinstance(value, Mapping) else {}
