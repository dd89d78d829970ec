"""First questions: is it a heartbeat, an end, or something that is known already? Each answers or passes
on."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert import AlertStatus, Decision, Kind, Severity
from bot.triage.memory import Memory
from bot.triage.mute import mute_of
from bot.triage.rules import Rules
from bot.triage.seen import Seen


def heartbeat(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """A heartbeat is seen, opens nothing, and is never muted."""
    if seen.alert.name not in rules.heartbeats:
        return None
    return Decision(
        Kind.HEARTBEAT, f"{seen.alert.name} is a heartbeat; it was recorded as seen.", step="heartbeat"
    )


def resolved(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """A resolved notice closes its own series and no other."""
    if seen.alert.status is not AlertStatus.RESOLVED:
        return None
    series = seen.series
    if series is None or series.incident is None:
        reason = "It resolved, and no incident had been opened for it."
        return Decision(Kind.RESOLVED, reason, step="resolved")
    lasted = now - series.began_at
    held = memory.holds.get(series.incident, {}).get(seen.fingerprint)
    reason = f"Its source says that it is over; it belongs to #{series.incident}."
    if held is not None and series.status is AlertStatus.FIRING:
        reason += f" It cleared by itself after {int(lasted.total_seconds())} s, while it was held."
    return Decision(Kind.RESOLVED, reason, series.incident, step="resolved")


def repeat(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """The same alert, still firing, while its incident is open; a rise in severity breaks through."""
    series, group = seen.series, seen.group
    if seen.begins or series is None or group is None or not rules.has("repeat"):
        return None
    number = group.incident
    if seen.alert.severity > series.severity:
        return _rise(seen, memory, now)
    hold = memory.holds.get(number, {}).get(seen.fingerprint)
    held = f" It is held until {hold.due_at:%H:%M:%S} UTC." if hold else ""
    return Decision(
        Kind.DUPLICATE, f"It repeats an alert of #{number} that still fires.{held}", number, step="repeat"
    )


def _rise(seen: Seen, memory: Memory, now: datetime) -> Decision:
    assert seen.series is not None and seen.group is not None
    number = seen.group.incident
    reason = f"Its severity rose from {seen.series.severity.word} to {seen.alert.severity.word}."
    rule, _ = mute_of(seen.alert, memory.mutes, now)
    if rule is not None:
        reason += f" Maintenance window {rule.id} keeps it quiet: {rule.reason}"
        return Decision(Kind.MUTED, reason, number, mute=rule.id, step="mute")
    if seen.group.told_at is None and seen.alert.severity < Severity.CRITICAL:
        return Decision(Kind.JOINED, f"{reason} It stays held.", number, step="rise")
    return Decision(Kind.JOINED, reason, number, notifies=True, step="rise")


def muted(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Decision | None:
    """A maintenance window keeps it quiet; a critical one only where the window says so."""
    rule, _ = mute_of(seen.alert, memory.mutes, now)
    if rule is None:
        return None
    until = f"until {rule.ends:%d %b %H:%M} UTC"
    number = seen.group.incident if seen.group else None
    reason = f"Maintenance window {rule.id} {until} keeps it quiet: {rule.reason}"
    return Decision(Kind.MUTED, reason, number, mute=rule.id, step="mute")


def spared(seen: Seen, memory: Memory, now: datetime) -> str:
    """What is said of a critical alert that a window would have kept quiet."""
    _, rule = mute_of(seen.alert, memory.mutes, now)
    return "" if rule is None else f" Maintenance window {rule.id} does not include critical alerts."
