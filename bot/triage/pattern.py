"""What one open incident looks like: which alerts began where and when, bounded, and which of them lead
further."""

from __future__ import annotations

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
        self._members: tuple[Member, ...] | None = None
        for trace in sorted(traces, key=lambda one: (one.at, one.place)):
            self.add(trace)

    def add(self, trace: Trace) -> Trace | None:
        """Take it in; what had to go for it, if anything."""
        self._members = None
        for kept in (self._traces, self._cleared):
            kept.pop(trace.place, None)
        into = self._cleared if trace.at == CLEARED else self._traces
        into[trace.place] = trace
        return into.pop(next(iter(into))) if len(into) > MOST_TRACES else None

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

    def members(self, now: datetime, window: timedelta) -> tuple[Member, ...]:
        """The newest beginning of each name at each place, of those within the window."""
        if self._members is None:
            self._members = self._read()
        return tuple(member for member in self._members if now - member.at <= window)

    def _read(self) -> tuple[Member, ...]:
        ill = self.hosts
        spread: dict[str, set[str]] = {}
        newest: dict[tuple[str, str, str], Trace] = {}
        for trace in self._traces.values():
            if trace.service:
                spread.setdefault(trace.name, set()).add(trace.service)
            where = trace.host if not trace.service or trace.host in ill else ""
            newest[trace.name, trace.service, where] = trace
        return tuple(
            Member(
                name,
                service,
                trace.host,
                trace.at,
                len(spread.get(name, ())) < WIDE and not (service and where),
            )
            for (name, service, where), trace in newest.items()
        )
