"""Remembers what was decided. The only file of triage that changes a `Memory`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.domain.alert import AlertStatus, Decision, Kind, Severity
from bot.domain.noise import OVERFLOW, Group, Held, Hold, Series, Trace
from bot.triage.habits import clears_key
from bot.triage.memory import Memory
from bot.triage.rules import Rules
from bot.triage.seen import KIND, Seen, kind_at, still_at
from bot.triage.tell import mark_of
from bot.triage.traits import Traits
from bot.triage.where import flaps


@dataclass(frozen=True, slots=True)
class Noted:
    """What follows for others: a hold began, one ended, an incident is over."""

    began: Hold | None = None
    ended: tuple[Hold, Held] | None = None
    over: int | None = None


def note(
    seen: Seen, decision: Decision, incident: int | None, memory: Memory, rules: Rules, now: datetime
) -> Noted:
    """Remember one delivery; `incident` is the one it was put to, which may be new."""
    if decision.kind is Kind.RESOLVED:
        return _end(seen, memory, rules, now)
    if not seen.begins or decision.kind in (Kind.HEARTBEAT, Kind.MUTED) or incident is None:
        _go_on(seen, decision, incident, memory, now)
        return _covered(seen, decision, incident, memory)
    _leave_old(seen, incident, memory)
    memory.put_series(_begun(seen, incident, now))
    _join(seen, decision, incident, memory, rules, now)
    if decision.hold_until is None:
        return _covered(seen, decision, incident, memory)
    waiting = memory.holds.get(incident, {}).get(seen.fingerprint)
    hold = Hold(
        incident, seen.fingerprint, 0, now, decision.hold_until, mark_of(seen, memory.groups[incident])
    )
    memory.put_hold(hold)
    return Noted(hold, (waiting, Held.COVERED) if waiting else None)


def _covered(seen: Seen, decision: Decision, incident: int | None, memory: Memory) -> Noted:
    """People are told of it by this delivery: nothing of it is held any more."""
    waiting = memory.holds.get(incident, {}) if decision.notifies and incident is not None else {}
    hold = waiting.get(seen.fingerprint)
    if hold is None:
        return Noted()
    memory.drop_hold(hold)
    return Noted(None, (hold, Held.COVERED))


def told(incident: int, marks: tuple[str, ...], memory: Memory, now: datetime) -> None:
    """People were told of the incident: of these, and of all that its card shows."""
    group = memory.groups[incident]
    pattern = memory.patterns[incident]
    places = [f"service:{name}" for name in pattern.services | pattern.hosts]
    kinds = [kind_at(trace.service or trace.host or "?", trace.name) for trace in pattern]
    # Kinds that the pattern has forgotten are forgotten here too, so that this stays bounded.
    before = {mark: at for mark, at in group.told.items() if not mark.startswith(KIND)}
    known = {**before, **dict.fromkeys([*places, *kinds, *marks], now)}
    memory.put_group(replace(group, told_at=now, told=known))


def expire(series: Series, memory: Memory, rules: Rules, now: datetime) -> Noted:
    """An alert counts as over though nobody said so, as nothing was heard of it for so long; it ended when it
    was last heard of."""
    memory.put_series(replace(series, status=AlertStatus.RESOLVED, ended_at=series.last_at))
    return _one_less(series, memory, rules, now, Held.CLEARED)


def _go_on(seen: Seen, decision: Decision, incident: int | None, memory: Memory, now: datetime) -> None:
    """It fires on, or belongs to nothing: only its series moves."""
    alert, old = seen.alert, seen.series
    if old is None or seen.begins:
        memory.put_series(_begun(seen, incident, now))
        return
    worst = max(old.severity, alert.severity)
    memory.put_series(replace(old, last_at=now, severity=worst))
    group = seen.group
    if group is None or incident is None:
        return
    if alert.severity > group.severity:
        memory.put_group(replace(group, severity=alert.severity))
    if decision.notifies:
        told(incident, _marks(seen), memory, now)


def _marks(seen: Seen) -> tuple[str, ...]:
    still = still_at(seen.fingerprint)
    return (seen.mark, still) if seen.is_critical else (still,)


def _begun(seen: Seen, incident: int | None, now: datetime) -> Series:
    alert = seen.alert
    return Series(
        seen.fingerprint,
        AlertStatus.FIRING,
        alert.severity,
        began_at=now,
        last_at=now,
        incident=incident,
        starts_at=alert.starts_at,
        fires=seen.fires,
        name=seen.traits.name,
        source=alert.source,
    )


def _leave_old(seen: Seen, incident: int, memory: Memory) -> None:
    """Its former beginning never ended as far as anybody said."""
    old = seen.series
    if old is None or old.status is not AlertStatus.FIRING or old.incident is None:
        return
    group = memory.groups.get(old.incident)
    if group is not None:
        known = {mark: at for mark, at in group.told.items() if mark != still_at(old.fingerprint)}
        memory.put_group(replace(group, firing=max(0, group.firing - 1), told=known))


def _join(seen: Seen, decision: Decision, incident: int, memory: Memory, rules: Rules, now: datetime) -> None:
    traits, severity = seen.traits, seen.alert.severity
    group = memory.groups.get(incident)
    if group is None:
        memory.note_opening(now, traits.name)
        marks = {OVERFLOW: now} if decision.step == OVERFLOW else {}
        group = Group(
            incident, traits.environment, severity, now, told=marks, name=traits.name, opened_at=now
        )
        if marks:
            memory.overflow = incident
    calm = now + _calm(seen, rules, now) if flaps(seen, rules, now) else group.calm_at
    worst: Severity = max(group.severity, severity)
    memory.put_group(replace(group, firing=group.firing + 1, moved_at=now, severity=worst, calm_at=calm))
    memory.note_calls(traits.service, traits.peers)
    trace = Trace(traits.name, traits.service, traits.host, traits.unit, now)
    # What fires again says nothing new of who fails next: its first beginning does.
    known = decision.step in ("flapping", "again") and rules.has("onset")
    if not known or trace.place not in memory.patterns[incident]:
        memory.put_trace(incident, trace)
    if decision.notifies:
        told(incident, _marks(seen), memory, now)


def _place(traits: Traits) -> tuple[str, str, str, str]:
    return (traits.name, traits.service, traits.host, traits.unit)


def _calm(seen: Seen, rules: Rules, now: datetime) -> timedelta:
    """How long it must be quiet to be over: three times as long as it was between two beginnings lately."""
    lately = [at for at in seen.fires if now - at <= rules.flap_window]
    most = rules.calm_of(seen.is_critical)
    longest = max((later - earlier for earlier, later in pairwise(lately)), default=most)
    return min(most, 3 * longest)


def _end(seen: Seen, memory: Memory, rules: Rules, now: datetime) -> Noted:
    old = seen.series
    if old is None or old.status is AlertStatus.RESOLVED:
        return Noted()
    memory.put_series(replace(old, status=AlertStatus.RESOLVED, last_at=now, ended_at=now))
    if old.severity < Severity.CRITICAL:
        memory.note_habit(clears_key(old.name), (now - old.began_at).total_seconds())
    noted = _one_less(old, memory, rules, now, Held.CLEARED)
    if noted.ended is not None and rules.has("cleared"):
        # It cleared by itself before anybody was told: it explains nothing of what comes after it.
        memory.clear_trace(noted.ended[0].incident, _place(seen.traits))
    return noted


def _one_less(series: Series, memory: Memory, rules: Rules, now: datetime, outcome: Held) -> Noted:
    """One series of its incident fires no more; an incident that nobody was told of waits a while for it."""
    group = memory.groups.get(series.incident) if series.incident is not None else None
    if group is None:
        return Noted()
    calm = group.calm_at
    firing = max(0, group.firing - 1)
    if group.told_at is None and not firing:
        calm = max(calm or now, now + rules.again)
    known = {mark: at for mark, at in group.told.items() if mark != still_at(series.fingerprint)}
    memory.put_group(replace(group, firing=firing, calm_at=calm, told=known))
    hold = memory.holds.get(group.incident, {}).get(series.fingerprint)
    if hold is not None:
        memory.drop_hold(hold)
    over = group.incident if is_over(memory.groups[group.incident], now) else None
    return Noted(None, (hold, outcome) if hold else None, over)


def is_over(group: Group, now: datetime) -> bool:
    """Nothing of it fires, and nothing of it is expected to fire again at once."""
    return group.firing == 0 and (group.calm_at is None or group.calm_at <= now)
