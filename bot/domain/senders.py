"""What is remembered of senders of alerts: heartbeats, what was refused, what people's deeds tell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alert import Alert
from bot.domain.inbox import Delivered, InboxKind

BEATS_TO_LEARN = 3  # deliveries before the pace of a heartbeat is known
_SLACK = 1.5  # how much longer than its longest pause a learned one may take


@dataclass(frozen=True, slots=True)
class SeenBeat:
    """One heartbeat. `gap_s` is its longest pause while it was well; `ended`: its sender said so."""

    fingerprint: str
    name: str
    source: str
    environment: str
    last_at: datetime
    deliveries: int
    gap_s: float
    ended: bool
    incident_id: int | None


@dataclass(frozen=True, slots=True)
class BeatRule:
    """How far apart heartbeats may be: as set, or as learned where `every` is nothing; and how late."""

    every: timedelta = timedelta()
    grace: timedelta = timedelta(minutes=2)


def absence(beat: SeenBeat, rule: BeatRule, since: datetime, now: datetime) -> str:
    """Why a heartbeat counts as gone; empty while it does not.

    `since` is when we began to listen: what came before that, nobody could hear.
    """
    if beat.ended:
        return "Its sender said that it is over."
    every = rule.every
    if not every:
        if beat.deliveries < BEATS_TO_LEARN:
            return ""
        every = timedelta(seconds=beat.gap_s * _SLACK)
    late = now - max(beat.last_at, since)
    if late <= every + rule.grace:
        return ""
    pace = "is expected" if rule.every else "used to come"
    return (
        f"It {pace} each {_told(rule.every or timedelta(seconds=beat.gap_s))}, and has not for {_told(late)}."
    )


def _told(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


@dataclass(frozen=True, slots=True)
class Notification:
    """What one sender delivered at once; `key` names it where the sender does, so that it counts once.

    `kind` says how long that is remembered: SIGNED is for ever.
    """

    alerts: Sequence[Alert]
    key: str = ""
    kind: Delivered = InboxKind.DELIVERY


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Deliveries of a sender with a right proof, refused in part or whole; `problem` is the newest one's."""

    source: str
    problem: str
    deliveries: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """The refused deliveries of one source; `untold` of them came since people were told, at `told_at`."""

    source: str
    last_at: datetime
    problem: str
    deliveries: int
    untold: int
    told_at: datetime | None


class Deed(StrEnum):
    """What people do with an incident that its sources are told of."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Back:
    """One deed that one source is told of, once more where alerts joined after it.

    Settled: taken, or of no concern to it; `problem` says why not. What began until `settled_at` is settled;
    it waits while `wanted_at` is later. `remote` is what the source calls what was made there.
    """

    id: int
    incident_id: int
    source: str
    deed: Deed
    by: str
    remote: tuple[str, ...]
    wanted_at: datetime
    settled_at: datetime | None
    attempts: int
    not_before: datetime | None
    problem: str

    @property
    def waits(self) -> bool:
        return self.settled_at is None or self.settled_at < self.wanted_at
