"""What one open incident looks like: which alerts began where and when, bounded, and which of them lead
further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.noise import Trace

MOST_TRACES = 256
WIDE = 4
"""A name on so many services is an effect of something they share; it says nothing of who fails next."""


CLEARED = datetime(1970, 1, 1, tzinfo=UTC)
"""When a trace began that cleared by itself before anybody was told: it explains nothing any more."""


@dataclass(frozen=True, slots=True)
class Member:
    """The newest beginning of a name at a place. `leads`: what fails here may make its neighbours fail."""

    name: str
    service: str
    host: str
    at: datetime
    leads: bool


class Pattern:
    """The traces of one incident, newest last. It forgets the oldest of more than MOST_TRACES.

    What cleared by itself is kept apart: it was there, and leads nowhere.
    """

    def __init__(self, traces: Iterable[Trace] = ()) -> None:
        self._traces: dict[tuple[str, str, str, str], Trace] = {}
        self._cleared: dict[tuple[str, str, str, str], Trace] = {}
        self._reading: _Reading | None = None
        for trace in sorted(traces, key=lambda one: (one.at, one.place)):
            self.add(trace)

    def add(self, trace: Trace) -> Trace | None:
        """Take it in; what had to go for it, if anything."""
        known = self._traces.pop(trace.place, None)
        self._cleared.pop(trace.place, None)
        into = self._cleared if trace.at == CLEARED else self._traces
        into[trace.place] = trace
        gone = into.pop(next(iter(into))) if len(into) > MOST_TRACES else None
        if self._reading is not None and not self._reading.follows(trace, known, gone):
            self._reading = None
        return gone

    def cleared(self, place: tuple[str, str, str, str]) -> Trace | None:
        """What a trace becomes when it cleared by itself; None where nothing began there."""
        trace = self._traces.get(place)
        return None if trace is None else replace(trace, at=CLEARED)

    def __contains__(self, place: object) -> bool:
        return place in self._traces

    def __iter__(self) -> Iterator[Trace]:
        return iter(self._traces.values())

    def __len__(self) -> int:
        return len(self._traces)

    @property
    def services(self) -> set[str]:
        return {trace.service for trace in self._traces.values() if trace.service}

    @property
    def all_services(self) -> set[str]:
        """Those of what cleared by itself too."""
        return self.services | {trace.service for trace in self._cleared.values() if trace.service}

    @property
    def hosts(self) -> set[str]:
        """Hosts that are said to be ill themselves, not only something on them."""
        return {trace.host for trace in self._traces.values() if trace.host and not trace.service}

    def members(self, now: datetime, window: timedelta) -> list[Member]:
        """The newest beginning of each name at each place, of those within the window."""
        if self._reading is None:
            self._reading = _Reading(self._traces.values(), self.hosts)
        since = now - window
        return [member for member in self._reading.members.values() if member.at >= since]


class _Reading:
    """The members of a pattern. It follows most changes by itself: in a storm there are hundreds a second."""

    def __init__(self, traces: Iterable[Trace], ill: set[str]) -> None:
        self.members: dict[tuple[str, str, str], Member] = {}
        self._newest: dict[tuple[str, str, str], Trace] = {}
        self._ill = ill
        self._spread: dict[str, Counter[str]] = {}
        traces = list(traces)
        for trace in traces:
            self._count(trace)
        for trace in traces:
            self._put(trace)

    def follows(self, trace: Trace, known: Trace | None, gone: Trace | None) -> bool:
        """One more, for one at its place and for the oldest of all; False where much changes with it."""
        if trace.at == CLEARED or any(one and not one.service for one in (trace, known, gone)):
            return False
        wide = self._is_wide(trace.name), gone is not None and self._is_wide(gone.name)
        self._count(trace)
        for left in (known, gone):
            if left is not None:
                self._count(left, -1)
        self._put(trace)
        if gone is not None and self._newest[self._key(gone)] is gone:
            del self.members[self._key(gone)], self._newest[self._key(gone)]
        return wide == (self._is_wide(trace.name), gone is not None and self._is_wide(gone.name))

    def _put(self, trace: Trace) -> None:
        key = self._key(trace)
        leads = not self._is_wide(trace.name) and not (trace.service and key[2])
        self._newest[key] = trace
        self.members[key] = Member(trace.name, trace.service, trace.host, trace.at, leads)

    def _key(self, trace: Trace) -> tuple[str, str, str]:
        where = trace.host if not trace.service or trace.host in self._ill else ""
        return (trace.name, trace.service, where)

    def _is_wide(self, name: str) -> bool:
        return len(self._spread.get(name, ())) >= WIDE

    def _count(self, trace: Trace, by: int = 1) -> None:
        if trace.service:
            on = self._spread.setdefault(trace.name, Counter())
            on[trace.service] += by
            if not on[trace.service]:
                del on[trace.service]
