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
    anywhere: float = 0.1
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


def likeness(
    traits: Traits,
    members: Iterable[Member],
    topology: Topology,
    chance: Chance,
    weights: Weights,
    now: datetime,
) -> Likeness:
    """Compare one alert with one incident."""
    ties = []
    for member in members:
        near, why = _near(traits, member, topology, chance, weights)
        age = (now - member.at).total_seconds()
        strength = near * math.exp(-age / weights.lasts.total_seconds())
        shared = _shared(traits, member, chance, weights) * math.exp(-age / weights.at_once.total_seconds())
        if shared > strength:
            strength, why = shared, f"{traits.name} fires on {member.service} too"
        if strength > 0:
            ties.append((strength, why))
    if not ties:
        return _NONE
    ties.sort(reverse=True)
    total = sum(strength for strength, _ in ties[:_MOST_MEMBERS])
    rate = weights.children / weights.lasts.total_seconds()
    return Likeness(math.log(total * rate / chance.troubles_per_s), ties[0][1])


def _near(
    traits: Traits, member: Member, topology: Topology, chance: Chance, weights: Weights
) -> tuple[float, str]:
    """How much likelier the place and the name are than by chance, by what ties the two places."""
    if not member.service:
        return _by_host(traits, member, chance, weights)
    if not traits.service:
        on_it = traits.host == member.host and traits.host != ""
        return (
            weights.host_of_it * chance.hosts if on_it else 0.0
        ), f"{member.service} runs on {traits.host}"
    share, why = _by_service(traits.service, member.service, topology, chance, weights)
    usual = weights.same_name_there if traits.service == member.service else weights.same_name_near
    leads = 1.0 if member.leads else weights.follower
    return share * _name(traits, member, usual, chance) * leads, why


def _by_service(
    service: str, other: str, topology: Topology, chance: Chance, weights: Weights
) -> tuple[float, str]:
    """Ratio of the places alone: many neighbours share what one of them would have."""
    fewest, services = weights.fewest_neighbours, chance.services
    if service == other:
        return weights.same_service * services, f"{service} already has it"
    if other in topology.calls.get(service, ()):
        many = max(fewest, len(topology.callers[other]))
        return weights.callers * services / many, f"{service} calls {other}"
    if service in topology.calls.get(other, ()):
        return weights.called * services / max(fewest, len(topology.calls[other])), f"{other} calls {service}"
    if service in topology.beyond.get(other, ()):
        many = max(fewest, len(topology.beyond[other]))
        return weights.beyond * services / many, f"{service} depends on {other}"
    many = topology.shared(service, other)
    if many:
        return weights.siblings * services / max(fewest, many), f"{service} and {other} call the same"
    together = topology.together.get(other, frozenset())
    if service in together:
        many = max(fewest, len(together))
        return weights.callers * services / many, f"{service} often fails with {other}"
    if other in topology.known:
        return weights.unrelated, f"it began within moments of {other}"
    # Nobody says whom it calls: what its neighbours would get goes to whomever it may be.
    left = weights.callers + weights.called + weights.siblings
    return left, f"it began within moments of {other}"


def _by_host(traits: Traits, member: Member, chance: Chance, weights: Weights) -> tuple[float, str]:
    if traits.host != member.host or not traits.host:
        return 0.0, ""
    share = weights.on_its_host if traits.service else weights.of_its_host
    return share * chance.hosts * _name(
        traits, member, weights.anywhere, chance
    ), f"host {traits.host} has it"


def _shared(traits: Traits, member: Member, chance: Chance, weights: Weights) -> float:
    """The same alert elsewhere: something that both use may be broken."""
    if traits.name != member.name or bool(traits.service) != bool(member.service):
        return 0.0
    share = weights.anywhere if traits.service else 0.3 * weights.anywhere
    return share * weights.same_name_anywhere / chance.name


def _name(traits: Traits, member: Member, usual: float, chance: Chance) -> float:
    return usual / chance.name if traits.name == member.name else 1 - usual
