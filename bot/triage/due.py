"""What time alone brings about: holds end, quiet incidents end, alerts that nobody repeats are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import AlertStatus, Severity
from bot.domain.by_hand import PERSON
from bot.domain.noise import Held, Hold, Series
from bot.triage.memory import Memory
from bot.triage.note import is_over, told
from bot.triage.rules import Rules
from bot.triage.seen import STILL, still_at
from bot.triage.tell import STAYS


@dataclass(frozen=True, slots=True)
class HoldEnd:
    """What becomes of a hold whose time has come; `again_at` puts it off."""

    outcome: Held
    reason: str
    again_at: datetime | None = None


def holds_due(memory: Memory, now: datetime) -> list[Hold]:
    """Those whose time has come, in the order in which it came."""
    return memory.waiting(now)


def hold_end(hold: Hold, memory: Memory, rules: Rules, now: datetime) -> HoldEnd:
    """Whether people are told now. Nothing is changed; see `end_hold`."""
    series, group = memory.series(hold.fingerprint), memory.groups.get(hold.incident)
    if group is None or series is None or series.status is not AlertStatus.FIRING:
        return HoldEnd(Held.CLEARED, "It cleared by itself while it was held.")
    if group.told_at is None:
        return HoldEnd(Held.TOLD, f"It still fires after {_span(now - hold.began_at)}.")
    if rules.has("still") and not any(mark.startswith(STILL) for mark in group.told):
        return HoldEnd(Held.TOLD, f"It still fires, and what people were told of #{hold.incident} is over.")
    if hold.mark in group.told:
        return HoldEnd(Held.COVERED, f"People were told of #{hold.incident} meanwhile.")
    if now - group.told_at < rules.lull:
        at = group.told_at + rules.lull
        return HoldEnd(Held.WAITS, f"News of #{hold.incident} waits until {at:%H:%M:%S} UTC.", at)
    if hold.mark.startswith(STAYS):
        return HoldEnd(Held.TOLD, f"It flapped, and fires for {_span(now - hold.began_at)} now.")
    return HoldEnd(Held.TOLD, f"It still fires, and is new in #{hold.incident}.")


def end_hold(hold: Hold, end: HoldEnd, memory: Memory, now: datetime) -> None:
    """Remember what became of it."""
    memory.drop_hold(hold)
    if end.outcome is Held.TOLD:
        told(hold.incident, (hold.mark, still_at(hold.fingerprint)), memory, now)


def ends_by_silence(series: Series, rules: Rules, now: datetime) -> bool:
    """Whether it counts as over, as nothing is heard of it any more.

    What is critical or what a person saw never does: a wrong end would hide it.
    """
    quiet = now - series.last_at > rules.silent
    return quiet and series.severity < Severity.CRITICAL and series.source != PERSON


def over_now(memory: Memory, now: datetime) -> list[int]:
    """Incidents of which nothing fires any more, for long enough."""
    return sorted(number for number, group in memory.groups.items() if is_over(group, now))


def _span(lasts: timedelta) -> str:
    seconds = int(lasts.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
