"""What triage knows between two deliveries: rows in memory, with indexes over the open incidents, and
bounded.

Everything here can be read anew from the rows that `Changes` names, so a restart changes nothing.
"""

from __future__ import annotations

import json
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, takewhile

from bot.domain.noise import OVERFLOW, Group, Hold, Remembered, Series, Trace
from bot.triage.likeness import Chance
from bot.triage.mute import MuteRule
from bot.triage.pattern import Pattern
from bot.triage.topology import Topology

DAY = timedelta(days=1)
_CALLS = "calls:"
MOST_SERIES = 50_000
_NEWEST = 32
_MOST_INDEXED = 96
_HABIT = 30
_MOST_HABITS = 20_000
_MOST_PLACES = 50_000
_MOST_OPENINGS = 5_000
# What one believes before a day has gone by: a trouble every five minutes, thirty names in use.
_BELIEVED_TROUBLES, _BELIEVED_EVERY_S, _BELIEVED_NAMES = 20, 300.0, 30
_MOST_PAST, _MOST_CALLS = 500, 5_000
_FEWEST_SERVICES, _FEWEST_HOSTS = 12, 6


@dataclass
class Changes:
    """What was remembered anew since it was taken last: the rows that have to be written."""

    series: dict[str, Series] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    traces: dict[tuple[int, tuple[str, str, str, str]], Trace | None] = field(default_factory=dict)
    habits: dict[str, tuple[float, ...]] = field(default_factory=dict)


class Memory:
    """The series and open incidents that triage decides by. Steps read it; `bot/triage/note.py` writes it."""

    def __init__(self, topology: Topology | None = None, mutes: Sequence[MuteRule] = ()) -> None:
        self.topology = topology or Topology()
        self.mutes = tuple(mutes)
        self.groups: OrderedDict[int, Group] = OrderedDict()  # by when they moved, the newest last
        self.patterns: dict[int, Pattern] = {}
        self.holds: dict[int, dict[str, Hold]] = {}
        self.habits: dict[str, tuple[float, ...]] = {}
        self.overflow: int | None = None
        self.since: datetime | None = None
        self._past: deque[frozenset[str]] = deque(maxlen=_MOST_PAST)
        self._series: OrderedDict[str, Series | None] = OrderedDict()
        self._at_service: dict[str, set[int]] = {}
        self._at_host: dict[str, set[int]] = {}
        self._services: set[str] = set(self.topology.known)
        self._hosts: set[str] = set()
        self._openings: deque[tuple[datetime, str]] = deque()
        self._names: Counter[str] = Counter()
        self._changes = Changes()

    # Series: whoever asks for one has loaded it before, from its row or as a new one.

    def knows(self, fingerprint: str) -> bool:
        return fingerprint in self._series

    def series(self, fingerprint: str) -> Series | None:
        return self._series.get(fingerprint)

    def load_series(self, fingerprint: str, row: Series | None) -> None:
        self._series[fingerprint] = row

    def put_series(self, row: Series) -> None:
        self._series[row.fingerprint] = row
        self._series.move_to_end(row.fingerprint)
        self._changes.series[row.fingerprint] = row

    def firing(self) -> list[Series]:
        """Those in memory that fire, the longest silent first."""
        found = [row for row in self._series.values() if row is not None and row.ended_at is None]
        return sorted(found, key=lambda row: (row.last_at, row.fingerprint))

    def forget_old_series(self, most: int = MOST_SERIES) -> None:
        """Drop those that were not heard of for the longest time; their rows stay."""
        while len(self._series) > most:
            self._series.popitem(last=False)

    # Incidents

    def put_group(self, group: Group) -> None:
        """Remember an open incident; the one that moved last stands last."""
        old = self.groups.get(group.incident)
        self.groups[group.incident] = group
        if old is None or old.moved_at != group.moved_at:
            self.groups.move_to_end(group.incident)
        self.patterns.setdefault(group.incident, Pattern())
        self._changes.groups[group.incident] = group

    def end_group(self, incident: int) -> None:
        """It is over: nothing joins it any more."""
        if self.groups.pop(incident, None) is None:
            return
        pattern = self.patterns.pop(incident, Pattern())
        if len(pattern.all_services) > 1:
            self._past.append(frozenset(pattern.all_services))
            self.topology = self.topology.with_together(self._past)
        for trace in pattern:
            self._at_service.get(trace.service, set()).discard(incident)
            self._at_host.get(trace.host, set()).discard(incident)
        self.holds.pop(incident, None)
        if self.overflow == incident:
            self.overflow = None

    def put_trace(self, incident: int, trace: Trace) -> None:
        pattern = self.patterns.setdefault(incident, Pattern())
        dropped = pattern.add(trace)
        self._changes.traces[incident, trace.place] = trace
        if dropped is not None:
            self._changes.traces[incident, dropped.place] = None
            self._unindex(incident, dropped)
        self._see(trace)
        if trace.place in pattern:
            self._index(incident, trace)

    def clear_trace(self, incident: int, place: tuple[str, str, str, str]) -> None:
        """What began there cleared by itself before anybody was told: it explains nothing any more."""
        cleared = self.patterns[incident].cleared(place) if incident in self.patterns else None
        if cleared is not None:
            self.put_trace(incident, cleared)
            self._unindex(incident, cleared)

    def _unindex(self, incident: int, gone: Trace) -> None:
        rest = list(self.patterns[incident])
        if all(trace.service != gone.service for trace in rest):
            self._at_service.get(gone.service, set()).discard(incident)
        if all(trace.host != gone.host for trace in rest):
            self._at_host.get(gone.host, set()).discard(incident)

    def _index(self, incident: int, trace: Trace) -> None:
        if trace.service:
            self._at_service.setdefault(trace.service, set()).add(incident)
        if trace.host:
            self._at_host.setdefault(trace.host, set()).add(incident)

    def near(self, service: str, host: str, now: datetime, window: timedelta) -> list[int]:
        """Incidents that may explain an alert there: those at its place or next to it, and the newest of
        all."""
        found: dict[int, None] = {}
        for incident in reversed(self.groups):
            if len(found) >= _NEWEST or now - self.groups[incident].moved_at > window:
                break
            found[incident] = None
        indexed = {number for place in self._next_to(service) for number in self._at_service.get(place, ())}
        indexed |= self._at_host.get(host, set()) if host else set()
        moved = [n for n in indexed - found.keys() if now - self.groups[n].moved_at <= window]
        moved.sort(key=lambda number: (self.groups[number].moved_at, number), reverse=True)
        return [*found, *moved[:_MOST_INDEXED]]

    def _next_to(self, service: str) -> set[str]:
        if not service:
            return set()
        topology = self.topology
        called = topology.calls.get(service, frozenset())
        siblings = {other for one in called for other in topology.callers.get(one, ())}
        together = topology.together.get(service, frozenset())
        deeper = {other for one in called for other in topology.calls.get(one, ())}
        return {
            service,
            *deeper,
            *topology.beyond.get(service, ()),
            *called,
            *topology.callers.get(service, ()),
            *siblings,
            *together,
        }

    def note_calls(self, service: str, peers: Iterable[str]) -> None:
        """An alert itself says whom its service calls."""
        known = self.topology.calls.get(service, frozenset())
        fresh = [peer for peer in peers if peer not in known]
        if service and fresh and len(self.topology.calls) < _MOST_CALLS:
            self.topology = self.topology.with_calls({service: fresh})
            for peer in fresh:
                self.note_habit(f"{_CALLS}{json.dumps([service, peer])}", 0.0)

    # What is usual

    def note_opening(self, at: datetime, name: str) -> None:
        """A trouble began by itself, as far as is known."""
        self.since = at if self.since is None else min(self.since, at)
        self._openings.append((at, name))
        self._names[name] += 1
        self._forget_openings(at)

    def _forget_openings(self, now: datetime) -> None:
        openings = self._openings
        while openings and (now - openings[0][0] > DAY or len(openings) > _MOST_OPENINGS):
            _, name = openings.popleft()
            self._names[name] -= 1
            if not self._names[name]:
                del self._names[name]

    def chance(self, name: str, now: datetime) -> Chance:
        """What comes about by itself, by the last day."""
        stale = sum(1 for _ in takewhile(lambda entry: now - entry[0] > DAY, self._openings))
        openings = len(self._openings) - stale
        span = min(DAY, now - self.since).total_seconds() if self.since else 0.0
        troubles = (openings + _BELIEVED_TROUBLES) / (max(0.0, span) + _BELIEVED_TROUBLES * _BELIEVED_EVERY_S)
        share = (self._names[name] + 1) / (len(self._openings) + _BELIEVED_NAMES)
        services, hosts = max(_FEWEST_SERVICES, len(self._services)), max(_FEWEST_HOSTS, len(self._hosts))
        return Chance(troubles, min(1.0, share), services, hosts)

    def habit(self, key: str) -> tuple[float, ...]:
        """The last durations in seconds that were seen of it, oldest first."""
        return self.habits.get(key, ())

    def note_habit(self, key: str, seconds: float) -> None:
        if key not in self.habits and len(self.habits) >= _MOST_HABITS:
            return
        kept = (*self.habits.get(key, ()), round(seconds, 3))[-_HABIT:]
        self.habits[key] = self._changes.habits[key] = kept

    # Holds are written where they begin and end; see bot/copilot/alerts.py.

    def put_hold(self, hold: Hold) -> None:
        self.holds.setdefault(hold.incident, {})[hold.fingerprint] = hold

    def drop_hold(self, hold: Hold) -> None:
        waiting = self.holds.get(hold.incident, {})
        waiting.pop(hold.fingerprint, None)
        if not waiting:
            self.holds.pop(hold.incident, None)

    def waiting(self, until: datetime | None = None) -> list[Hold]:
        """What is held, or what of it ends by then; the one that ends first in front."""
        found = [hold for hold in self._every_hold() if until is None or hold.due_at <= until]
        return sorted(found, key=lambda hold: (hold.due_at, hold.alert_id))

    def next_hold(self) -> datetime | None:
        """When the next hold ends."""
        return min((hold.due_at for hold in self._every_hold()), default=None)

    def _every_hold(self) -> Iterator[Hold]:
        return chain.from_iterable(of_one.values() for of_one in self.holds.values())

    def take_changes(self) -> Changes:
        taken, self._changes = self._changes, Changes()
        return taken

    def restore(self, rows: Remembered) -> None:
        """Fill it from rows; what came from rows need not be written."""
        for group in sorted(rows.groups, key=lambda one: (one.moved_at, one.incident)):
            self.put_group(group)
            if OVERFLOW in group.told:
                self.overflow = group.incident
        for incident, trace in sorted(rows.traces, key=lambda one: (one[1].at, one[0], one[1].place)):
            if incident in self.groups:
                self.put_trace(incident, trace)
        for place in rows.places:
            self._see(place)
        for hold in rows.holds:
            self.put_hold(hold)
        for at, name in sorted(rows.openings):
            self.note_opening(at, name)
        self.since = rows.since or self.since
        self.habits.update(rows.habits)
        calls = [json.loads(key.removeprefix(_CALLS)) for key, _ in rows.habits if key.startswith(_CALLS)]
        for service, peer in calls:
            self.topology = self.topology.with_calls({service: [peer]})
        self._past.extend(rows.past)
        self.topology = self.topology.with_together(self._past)
        self.take_changes()

    def _see(self, place: Trace) -> None:
        if place.service and len(self._services) < _MOST_PLACES:
            self._services.add(place.service)
        if place.host and len(self._hosts) < _MOST_PLACES:
            self._hosts.add(place.host)
