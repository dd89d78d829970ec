"""The pipeline of triage, in order: a new step is one more function in `STEPS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert, AlertStatus, Decision, Kind
from bot.domain.incident import Incident
from bot.domain.records import Series
from bot.triage.mute import MuteRule, mute_of


@dataclass(frozen=True, slots=True)
class Memory:
    """What triage may know: the series of this alert, if seen before, and the incidents open now."""

    series: Series | None
    open_incidents: Sequence[Incident]
    mutes: Sequence[MuteRule] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set. An alert joins an incident of its own service that moved within `correlation`."""

    heartbeats: frozenset[str] = frozenset({"Watchdog"})
    correlation: timedelta = timedelta(minutes=30)


Step = Callable[[Alert, Memory, Rules, datetime], Decision | None]


def heartbeat(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """A heartbeat is seen and opens nothing."""
    if alert.name in rules.heartbeats:
        return Decision(Kind.HEARTBEAT, f"{alert.name} is a heartbeat; it was recorded as seen.")
    return None


def resolved(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """A resolved notice closes its own series and no other."""
    if alert.status is not AlertStatus.RESOLVED:
        return None
    series = memory.series
    if series is None or series.incident is None:
        return Decision(Kind.RESOLVED, "It resolved, and no incident had been opened for it.")
    return Decision(
        Kind.RESOLVED, f"Its source says that it is over; it belongs to #{series.incident}.", series.incident
    )


def muted(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """A maintenance window keeps it quiet; a critical one only where somebody has said so."""
    rule, _ = mute_of(alert, memory.mutes, now)
    if rule is None:
        return None
    series = memory.series
    incident = series.incident if series is not None and series.incident_open else None
    return Decision(Kind.MUTED, f"M{rule.id} keeps it quiet: {rule.reason}.", incident, mute=rule.id)


def repeat(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """The same alert, still firing, while its incident is open; a rise in severity breaks through."""
    series = memory.series
    if series is None or series.incident is None or not series.incident_open:
        return None
    if alert.severity > series.severity:
        reason = f"Its severity rose from {series.severity.word} to {alert.severity.word}."
        return Decision(Kind.JOINED, reason, series.incident, notifies=True)
    if series.status is AlertStatus.RESOLVED:
        return Decision(Kind.JOINED, f"It fires again while #{series.incident} is open.", series.incident)
    return Decision(
        Kind.DUPLICATE, f"It repeats an alert of #{series.incident} that still fires.", series.incident
    )


def correlate(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """Another alert of the same service and environment, close in time, is the same cause."""
    for incident in sorted(memory.open_incidents, key=lambda i: (i.opened_at, i.id)):
        same_place = (incident.service, incident.environment) == (alert.service, alert.environment)
        if alert.service and same_place and now - incident.changed_at <= rules.correlation:
            rises = alert.severity > incident.severity
            reason = f"{alert.service} already has #{incident.id} open."
            if rises:
                reason += f" Its severity rises to {alert.severity.word}."
            return Decision(Kind.JOINED, reason, incident.id, notifies=rises)
    return None


def opened(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """Nothing explains it: a new incident."""
    series = memory.series
    if series is not None and series.incident is not None:
        return Decision(Kind.OPENED, f"It fires again after #{series.incident} was resolved.", notifies=True)
    return Decision(Kind.OPENED, "No open incident explains it.", notifies=True)


STEPS: tuple[Step, ...] = (heartbeat, resolved, muted, repeat, correlate, opened)


def decide(alert: Alert, memory: Memory, rules: Rules, now: datetime) -> Decision:
    """The first step that has an answer decides; `opened` always has one."""
    for step in STEPS:
        decision = step(alert, memory, rules, now)
        if decision is not None:
            return decision
    raise AssertionError("the last step of triage always decides")
