"""Who calls whom: declared, fed by a file, named by alerts, or learned from what fails together. It may be
empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from bot.errors import BadInput

_FEWEST_TOGETHER = 3
_SHARE_TOGETHER = 0.5
_MOST_IN_ONE = 8
_MOST_SERVICES = 20_000


@dataclass(frozen=True)
class Topology:
    """`calls` maps a service to those that it calls; `together` to those that often fail with it."""

    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    together: Mapping[str, frozenset[str]] = field(default_factory=dict)
    callers: Mapping[str, frozenset[str]] = field(init=False)
    beyond: Mapping[str, frozenset[str]] = field(init=False)
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        callers: dict[str, set[str]] = {}
        for service, called in self.calls.items():
            for other in called:
                callers.setdefault(other, set()).add(service)
        object.__setattr__(self, "callers", {name: frozenset(found) for name, found in callers.items()})
        object.__setattr__(self, "beyond", {name: _beyond(name, callers) for name in callers})
        object.__setattr__(self, "known", frozenset(self.calls) | frozenset(callers))

    def shared(self, one: str, other: str) -> int:
        """How many services call the rarest thing that both call; 0 when they share none."""
        own, others = self.calls.get(one), self.calls.get(other)
        if not own or not others:
            return 0
        return min((len(self.callers[name]) for name in own & others), default=0)

    def with_calls(self, more: Mapping[str, Iterable[str]]) -> Topology:
        """The same with more calls, as alerts name them."""
        calls = {name: set(found) for name, found in self.calls.items()}
        for service, called in more.items():
            calls.setdefault(service, set()).update(called)
        return Topology({name: frozenset(found) for name, found in calls.items()}, self.together)

    def with_together(self, incidents: Iterable[frozenset[str]]) -> Topology:
        """The same with what is learned from the services of past incidents."""
        return replace(self, together=learned(incidents))


def _beyond(service: str, callers: Mapping[str, set[str]]) -> frozenset[str]:
    """Callers of its callers that do not call it themselves."""
    first = callers[service]
    return frozenset(other for one in first for other in callers.get(one, ())) - first - {service}


def topology_of(raw: object, where: str = "topology") -> Topology:
    """Read a topology: `{"calls": {"checkout": ["payments"]}}`, or that inner mapping alone.

    Raises:
        BadInput: it has another shape; the message names the field.
    """
    if isinstance(raw, Mapping) and isinstance(raw.get("calls"), Mapping):
        raw, where = raw["calls"], f"{where}.calls"
    if not isinstance(raw, Mapping):
        raise BadInput(f"{where}: expected a mapping from a service to the services that it calls.")
    if len(raw) > _MOST_SERVICES:
        raise BadInput(f"{where}: more than {_MOST_SERVICES} services.")
    calls: dict[str, frozenset[str]] = {}
    for service, called in raw.items():
        if not isinstance(called, list) or not all(isinstance(name, str) and name for name in called):
            raise BadInput(f"{where}.{service}: expected a list of services that it calls.")
        calls[str(service)] = frozenset(called) - {service}
    return Topology(calls)


def learned(incidents: Iterable[frozenset[str]]) -> dict[str, frozenset[str]]:
    """Services that were in one incident three times or more, and in at least half of the rarer one's.

    Large incidents do not count: in a power cut everything fails with everything.
    """
    alone: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for services in incidents:
        alone.update(services)
        if len(services) <= _MOST_IN_ONE:
            pairs.update(combinations(sorted(services), 2))
    found: dict[str, set[str]] = {}
    for (one, other), times in pairs.items():
        if times >= _FEWEST_TOGETHER and times >= _SHARE_TOGETHER * min(alone[one], alone[other]):
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {name: frozenset(others) for name, others in found.items()}
