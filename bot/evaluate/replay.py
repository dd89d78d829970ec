"""Shadow mode: the same past through two sets of rules, and whom each would have told of what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.copilot.muted import rule_of
from bot.domain.alert import AlertStatus, Severity
from bot.domain.mute import Mute, MuteOrigin
from bot.domain.store import Tx
from bot.evaluate.exports import Past
from bot.settings import Settings
from bot.triage.fingerprint import fingerprint
from bot.triage.mute import MuteRule
from bot.triage.rehearsal import Rehearsal
from bot.triage.rules import Rules
from bot.triage.topology import Topology
from bot.triage.windows import Window

SAME = timedelta(minutes=10)
"""A notification of one series that both give this near to each other is the same, told at another moment."""
_EVERY = 500
_DECLARED = 1_000_000  # from this number on: above those of rows

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of rules, with the mutes that would have been in force."""

    rules: Rules
    topology: Topology | None = None
    mutes: Sequence[MuteRule] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One notification: for which delivery people are told, when and why."""

    ref: str
    at: datetime
    fingerprint: str
    name: str
    service: str
    severity: Severity
    incident: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one set of rules would have done."""

    fired: int
    incidents: int
    told: Sequence[Told]
    decisions: dict[str, int] = field(default_factory=dict)

    @property
    def absorbed(self) -> float:
        return 1 - len(self.told) / self.fired if self.fired else 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Notifications that only one of them gives."""

    new: Sequence[Told]
    lost: Sequence[Told]

    @property
    def critical(self) -> Sequence[Told]:
        """The lost ones of critical alerts."""
        return [told for told in self.lost if told.severity is Severity.CRITICAL]


def play(past: Iterable[Past], variants: Sequence[Variant], progress: Progress) -> list[Outcome]:
    """Let every set of rules decide on every delivery, in order; nothing is stored."""
    stages = [Rehearsal(v.rules, v.topology, v.mutes) for v in variants]
    seen: list[tuple[Past, str]] = []
    for number, one in enumerate(past):
        seen.append((one, fingerprint(one.alert)))
        for stage in stages:
            stage.receive(one.alert, one.at)
        if number % _EVERY == 0:
            progress(number)
    if seen:
        for stage in stages:  # what is held at the end is told, or clears, within the hour
            stage.pass_time(seen[-1][0].at + timedelta(hours=1))
    return [_outcome(seen, stage) for stage in stages]


def difference(today: Outcome, changed: Outcome) -> Difference:
    """What only the changed rules tell, and what only today's do."""
    return Difference(_without(changed.told, today.told), _without(today.told, changed.told))


def variant(settings: Settings, kept: Sequence[MuteRule], since: datetime, until: datetime) -> Variant:
    """What vigie.toml says, with the mutes of people and each occurrence of its own windows in that time."""
    windows = [window for one in settings.declared_mutes for window in one.between(since, until)]
    declared = [rule_of(_mute(number, window)) for number, window in enumerate(windows, _DECLARED)]
    return Variant(settings.noise, settings.topology, [*kept, *declared])


def mutes_of(tx: Tx, since: datetime) -> list[MuteRule]:
    """The mutes of people that were in force since then; those of the file belong to the file."""
    return [rule_of(mute) for mute in tx.mutes.since(since) if mute.origin is not MuteOrigin.FILE]


def _mute(number: int, window: Window) -> Mute:
    starts, ends = window.starts_at, window.ends_at
    given = (window.matchers, window.critical, window.reason, "vigie.toml", starts, starts, ends, starts)
    return Mute(number, MuteOrigin.FILE, *given)


def _outcome(seen: Sequence[tuple[Past, str]], stage: Rehearsal) -> Outcome:
    told: list[Told] = []
    decisions: dict[str, int] = {}
    for (one, mark), outcome in zip(seen, stage.outcomes, strict=True):
        kind = outcome.decision.kind.value
        decisions[kind] = decisions.get(kind, 0) + 1
        if outcome.told_at is not None:
            alert, why = one.alert, outcome.decision.reason
            about = (mark, alert.name, alert.service, alert.severity)
            told.append(Told(one.ref, outcome.told_at, *about, outcome.incident, why))
    fired = sum(one.alert.status is AlertStatus.FIRING for one, _ in seen) - decisions.get("heartbeat", 0)
    return Outcome(fired, stage.opened, told, decisions)


def _without(told: Sequence[Told], others: Sequence[Told]) -> list[Told]:
    """Those that the others do not have, each paired with one of theirs at most."""
    by_series: dict[str, list[Told]] = {}
    for other in others:
        by_series.setdefault(other.fingerprint, []).append(other)
    left = []
    for one in told:
        near = by_series.get(one.fingerprint, [])
        same = [o for o in near if o.ref == one.ref] or [o for o in near if abs(o.at - one.at) <= SAME]
        if same:
            near.remove(same[0])
        else:
            left.append(one)
    return left
