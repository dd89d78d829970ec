"""How much likelier an alert is as an effect of an open incident than by chance: one number, and why.

Each member of an incident sets off others for a while, near it: on its service, on those that call it, on its
host, or, where something shared fails, the same alert anywhere. That rate is divided by the rate at which
alerts
of that name at that place come about by themselves. So what is common proves little, what is rare proves
much,
and a busy fleet needs stronger ties than a quiet one. Nothing here is about one company's names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.triage.pattern import Member
from bot.triage.topology import Topology
from bot.triage.traits import Traits


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the effects of a trouble show, as shares of them; and for how long."""

    lasts: timedelta = timedelta(seconds=130)
    """After this time a member sets off about a third of what it did at first: rules wait minutes to fire."""
    children: float = 2.0
    """How many other alerts one member sets off."""
    same_service: float = 0.25
    callers: float = 0.35
    called: float = 0.08
    siblings: float = 0.12
    beyond: float = 0.2
    """On callers of callers: rules wait for different times, so a service between may fire later or never."""
    anywhere: float = 0.15
    same_name_there: float = 0.5
    """Share of the effects on one service that bear the same name; a rule fires for several pods."""
    same_name_near: float = 0.3
    same_name_anywhere: float = 0.8
    on_its_host: float = 0.6
    of_its_host: float = 0.4
    host_of_it: float = 0.15
    follower: float = 0.02
    """What is left of a member that is only an effect: its name is everywhere, or its host is ill."""
    at_once: timedelta = timedelta(seconds=60)
    """The same alert elsewhere counts within about this time: what is shared fails at one time."""
    fewest_neighbours: float = 1.5
    unrelated: float = 0.05
    """What is left for services that have nothing to do with each other: no topology is complete."""
    threshold: float = 0.58
    """Natural logarithm of how much likelier than by chance it must be: just more than what a stranger gets
    that begins at the same moment, while nothing is known of the fleet."""

    @classmethod
    def of_one_place(cls) -> Weights:
        """Only the same service or host ties two alerts."""
        return cls(callers=0, called=0, siblings=0, beyond=0, anywhere=0, unrelated=0)


@dataclass(frozen=True, slots=True)
class Chance:
    """What comes about by itself: troubles a second, and how large the fleet is. `name` is this name's
    share."""

    troubles_per_s: float
    name: float
    services: int
    hosts: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """`score` is the logarithm of the ratio; `why` names the strongest tie."""

    score: float
    why: str


_NONE = Likeness(-math.inf, "")
_MOST_MEMBERS = 12
_Tie = tuple[float, str]
"""How much likelier the place is than by chance, and a sentence with {service}, {other}, {host}, {name}."""


class Comparison:
    """One alert beside open incidents; what ties its service to another is worked out once for all of
    them."""

    def __init__(
        self, traits: Traits, topology: Topology, chance: Chance, weights: Weights, now: datetime
    ) -> None:
        self._traits, self._topology, self._chance = traits, topology, chance
        self._weights, self._now = weights, now
        self._lasts, self._at_once = weights.lasts.total_seconds(), weights.at_once.total_seconds()
        self._ties: dict[str, _Tie] = {}

    def likeness(self, members: Iterable[Member]) -> Likeness:
        """Compare it with the incident of these members."""
        name, of_a_service = self._traits.name, bool(self._traits.service)
        ties: list[tuple[float, str, str]] = []
        for member in members:
            age = (self._now - member.at).total_seconds()
            near, why = self._near(member)
            strength = near * math.exp(-age / self._lasts)
            if member.name == name and bool(member.service) is of_a_service:
                shared = self._shared() * math.exp(-age / self._at_once)
                if shared > strength:
                    strength, why = shared, "{name} fires on {other} too"
            if strength > 0:
                ties.append((strength, why, member.service))
        if not ties:
            return _NONE
        ties.sort(reverse=True)
        total = sum([strength for strength, _, _ in ties[:_MOST_MEMBERS]])
        rate = self._weights.children / self._lasts
        _, why, other = ties[0]
        said = why.format(service=self._traits.service, other=other, host=self._traits.host, name=name)
        return Likeness(math.log(total * rate / self._chance.troubles_per_s), said)

    def _near(self, member: Member) -> _Tie:
        """The place and the name together."""
        traits, weights = self._traits, self._weights
        other = member.service
        if not other:
            return self._by_host(member)
        if not traits.service:
            on_it = traits.host == member.host and traits.host != ""
            return weights.host_of_it * self._chance.hosts if on_it else 0.0, "{other} runs on {host}"
        tie = self._ties.get(other)
        if tie is None:
            tie = self._ties[other] = self._by_service(other)
        usual = weights.same_name_there if traits.service == other else weights.same_name_near
        leads = 1.0 if member.leads else weights.follower
        return tie[0] * self._name(member, usual) * leads, tie[1]

    def _by_service(self, other: str) -> _Tie:
        """Ratio of the places alone: many neighbours share what one of them would have."""
        service, topology, weights = self._traits.service, self._topology, self._weights
        fewest, services = weights.fewest_neighbours, self._chance.services
        if service == other:
            return weights.same_service * services, "{service} already has it"
        if other in topology.calls.get(service, ()):
            many = max(fewest, len(topology.callers[other]))
            return weights.callers * services / many, "{service} calls {other}"
        if service in topology.calls.get(other, ()):
            many = max(fewest, len(topology.calls[other]))
            return weights.called * services / many, "{other} calls {service}"
        if service in topology.beyond.get(other, ()):
            many = max(fewest, len(topology.beyond[other]))
            return weights.beyond * services / many, "{service} depends on {other}"
        alike = topology.shared(service, other)
        if alike:
            return weights.siblings * services / max(fewest, alike), "{service} and {other} call the same"
        together = topology.together.get(other, frozenset())
        if service in together:
            many = max(fewest, len(together))
            return weights.callers * services / many, "{service} often fails with {other}"
        if other in topology.known:
            return weights.unrelated, "it began within moments of {other}"
        # Nobody says whom it calls: what its neighbours would get goes to whomever it may be.
        left = weights.callers + weights.called + weights.siblings
        return left, "it began within moments of {other}"

    def _by_host(self, member: Member) -> _Tie:
        traits, weights = self._traits, self._weights
        if traits.host != member.host or not traits.host:
            return 0.0, ""
        share = weights.on_its_host if traits.service else weights.of_its_host
        return share * self._chance.hosts * self._name(member, weights.anywhere), "host {host} has it"

    def _shared(self) -> float:
        """The same alert elsewhere: something that both use may be broken."""
        anywhere = self._weights.anywhere if self._traits.service else 0.3 * self._weights.anywhere
        return anywhere * self._weights.same_name_anywhere / self._chance.name

    def _name(self, member: Member, usual: float) -> float:
        return usual / self._chance.name if self._traits.name == member.name else 1 - usual
