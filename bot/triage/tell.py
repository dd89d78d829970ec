"""Third question: are people told now, later, or only by a count? Critical is never held."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alert import Decision, Kind, Severity
from bot.domain.noise import OVERFLOW, Group
from bot.triage.habits import hold_of
from bot.triage.memory import Memory
from bot.triage.pattern import WIDE
from bot.triage.rules import Rules
from bot.triage.seen import STILL, Seen, kind_at
from bot.triage.where import Place, flaps

MOST_AT_ONCE = 12
"""So many critical news of one incident break through within `reminder`; more are one new service at a
time."""
PLACE = "service:"
STAYS = "stays:"


def tell(seen: Seen, place: Place, memory: Memory, rules: Rules, now: datetime) -> Decision:
    """The decision on an alert that begins, at the place that was found for it."""
    group = memory.groups.get(place.incident) if place.incident is not None else None
    times = flaps(seen, rules, now)
    kind = Kind.OPENED if group is None else Kind.FLAPPING if times else Kind.JOINED
    reason = f"{place.reason} It began {times} times within the hour." if times else place.reason
    if seen.is_critical:
        return _critical(seen, group, kind, place, reason, rules, now)
    if not rules.has("hold") or not rules.hold:
        is_new = group is None or bool(_news(seen, group, rules))
        return Decision(kind, reason, place.incident, notifies=is_new, step=place.step)
    length, because = hold_of(seen.traits.name, memory, rules)
    if times:
        length, because = rules.longest_hold, "an alert that flaps is damped"
    until = f"People are told at {now + length:%H:%M:%S} UTC if it still fires: {because}."
    if group is None or group.told_at is None:
        kind = Kind.FLAPPING if times else Kind.HELD
        return Decision(kind, f"{reason} {until}", place.incident, hold_until=now + length, step=place.step)
    news = _news(seen, group, rules)
    if not news:
        return Decision(kind, f"{reason} People know of it.", place.incident, step=place.step)
    return Decision(
        kind, f"{reason} {news} {until}", place.incident, hold_until=now + length, step=place.step
    )


def _critical(
    seen: Seen, group: Group | None, kind: Kind, place: Place, reason: str, rules: Rules, now: datetime
) -> Decision:
    news = "It is critical." if group is None else _critical_news(seen, group, rules, now)
    if not news and _is_known_to_flap(seen, group, rules, now):
        until = now + rules.longest_hold
        reason = f"{reason} People know that it flaps, and are told at {until:%H:%M:%S} UTC if it stays."
        return Decision(kind, reason, place.incident, hold_until=until, step=place.step)
    if not news:
        reason = f"{reason} People know of {seen.traits.name} on {seen.place}."
        return Decision(kind, reason, place.incident, step=place.step)
    return Decision(kind, f"{reason} {news}", place.incident, notifies=True, step=place.step)


def _critical_news(seen: Seen, group: Group, rules: Rules, now: datetime) -> str:
    """Why a critical alert in a known incident breaks through; empty when people have just been told of
    it."""
    if group.severity < Severity.CRITICAL or group.told_at is None:
        return f"Its severity rises to critical in #{group.incident}."
    if not rules.has("breakthrough"):
        return ""
    told_at = group.told.get(seen.mark)
    if _is_known_to_flap(seen, group, rules, now):
        return ""
    if OVERFLOW in group.told and now - group.told_at <= rules.together:
        return ""
    recent = sum(
        1 for mark, at in group.told.items() if mark.startswith("critical:") and now - at <= rules.reminder
    )
    known = f"service:{seen.place}" in group.told
    if told_at is None and (recent < MOST_AT_ONCE or not known):
        return f"{seen.traits.name} on {seen.place} is new in #{group.incident}, and critical."
    if told_at is not None and now - told_at > rules.together and rules.has("second") and _is_alone(group):
        return f"{seen.traits.name} begins once more on {seen.place} in #{group.incident}, and is critical."
    if told_at is not None and now - told_at > rules.reminder:
        minutes = int((now - told_at).total_seconds() / 60)
        return f"It is critical, and people were told of it {minutes} min ago."
    return ""


def _is_known_to_flap(seen: Seen, group: Group | None, rules: Rules, now: datetime) -> bool:
    """Whether it only keeps beginning and ending, and people were told of it lately."""
    told_at = group.told.get(seen.mark) if group is not None else None
    return told_at is not None and now - told_at <= rules.calm_critical and bool(flaps(seen, rules, now))


def _is_alone(group: Group) -> bool:
    """Whether one alert at most still fires of those that people were told of: no storm, or not yet."""
    return sum(mark.startswith(STILL) for mark in group.told) <= 1


def _news(seen: Seen, group: Group, rules: Rules) -> str:
    """What is new to people in an alert that is not critical; empty when nothing is."""
    if not rules.has("breakthrough"):
        return ""
    if seen.alert.severity > group.severity:
        return f"Its severity rises to {seen.alert.severity.word} in #{group.incident}."
    if f"service:{seen.place}" not in group.told:
        if rules.has("effects") and _is_effect(seen, group):
            return ""
        return f"{seen.place} is new in #{group.incident}."
    if seen.kind not in group.told:
        return f"{seen.traits.name} is new on {seen.place} in #{group.incident}."
    return ""


def _is_effect(seen: Seen, group: Group) -> bool:
    """Whether people know what makes it fire: its host is ill, or the same alert is on many services."""
    if seen.traits.service and f"{PLACE}{seen.traits.host}" in group.told:
        return True
    places = [mark.removeprefix(PLACE) for mark in group.told if mark.startswith(PLACE)]
    return sum(kind_at(place, seen.traits.name) in group.told for place in places) >= WIDE


def mark_of(seen: Seen, group: Group) -> str:
    """What people know once a hold of this alert has ended: the service, what else it has, or of a critical
    one, which they know, that it does not end any more."""
    if seen.is_critical:
        return f"{STAYS}{seen.fingerprint}:{seen.fires[-1].isoformat()}"
    service = f"service:{seen.place}"
    return seen.kind if service in group.told else service
