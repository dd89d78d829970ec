"""Second question: which open incident explains an alert that begins, if any?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.alert import OWN
from bot.domain.noise import OVERFLOW, Group
from bot.triage.likeness import Comparison
from bot.triage.memory import Memory
from bot.triage.rules import Rules
from bot.triage.seen import Seen


@dataclass(frozen=True, slots=True)
class Place:
    """`incident` is None where a new one is opened."""

    incident: int | None
    reason: str
    step: str


def flapping(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Place | None:
    """What keeps beginning and ending stays in one incident, unless it was quiet for long in between."""
    if seen.series is None or seen.group is None or not flaps(seen, rules, now):
        return None
    if now - (seen.series.ended_at or seen.series.last_at) > rules.calm_of(seen.is_critical):
        return None
    return Place(seen.group.incident, f"It flaps in #{seen.group.incident}.", "flapping")


def flaps(seen: Seen, rules: Rules, now: datetime) -> int:
    """How often it began lately, if that is often enough to flap; else 0."""
    recent = sum(1 for at in seen.fires if now - at <= rules.flap_window)
    return recent if rules.has("flapping") and recent >= rules.flaps else 0


def again(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Place | None:
    """What fires again while its incident is open and young, or soon after it ended, is the same trouble."""
    series, group = seen.series, seen.group
    if series is None or group is None or not rules.has("again"):
        return None
    ended = series.ended_at or series.last_at
    if now - ended > rules.again and now - group.moved_at > rules.window:
        return None
    return Place(group.incident, f"It fires again while #{group.incident} is open.", "again")


def correlate(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Place | None:
    """The open incident of its environment that makes it likeliest, if much likelier than chance does."""
    if not rules.has("correlation"):
        return None
    traits = seen.traits
    alert = Comparison(traits, memory.topology, memory.chance(traits.name, now), rules.weights, now)
    best: tuple[float, int] | None = None
    why = ""
    for number in memory.near(traits.service, traits.host, now, rules.window):
        if number == memory.overflow or _elsewhere(seen, memory.groups[number]):
            continue
        like = alert.likeness(memory.patterns[number].members(now, rules.window))
        # Of two that explain it equally well the older one has it, whatever the order of looking.
        if like.score >= rules.weights.threshold and (best is None or (like.score, -number) > best):
            best, why = (like.score, -number), like.why
    return None if best is None else Place(-best[1], f"#{-best[1]} explains it: {why}.", "correlation")


def _elsewhere(seen: Seen, group: Group) -> bool:
    """Production and staging never share an incident; nor does an alert that says neither join one that
    does."""
    return seen.traits.environment != group.environment


def overflow(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Place | None:
    """More incidents than anybody can read: the rest goes into one that says so, and nothing is dropped.

    What Vigie says of itself is not among them: a broken alert path is to be seen in the worst storm.
    """
    if len(memory.groups) < rules.most_incidents or seen.alert.source == OWN:
        return None
    reason = f"{len(memory.groups)} incidents are open; what would open more is collected in one."
    return Place(memory.overflow, reason, OVERFLOW)


def opened(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Place | None:
    """Nothing explains it."""
    if seen.series is not None and seen.series.incident is not None:
        return Place(None, f"It fires again after #{seen.series.incident} was over.", "opened")
    return Place(None, "No open incident explains it.", "opened")


WHERE = (flapping, again, correlate, overflow, opened)


def where(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Place:
    """The first step that knows a place; `opened` always does."""
    for step in WHERE:
        place = step(seen, memory, rules, now)
        if place is not None:
            return place
    raise AssertionError("the last step always opens an incident")
