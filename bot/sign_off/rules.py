"""One rule of the policy: how many of whom must sign, for how long, and what differs where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.person import Person
from bot.domain.tool import Risk


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked for. `pinned` asks for people named in vigie.toml, not only in a Slack group.

    `group` is the one of [n3.groups] that signs, all of N3 where it is empty; `second_group` is where one of
    the signatures must come from, as a second role. With `reason` each signer says why. `when_alone` is how
    long nobody else of N3 may have answered before one signature with a reason will do; None: it never does.
    """

    signatures: int
    time_to_sign: timedelta
    time_to_execute: timedelta
    pinned: bool = False
    group: str = ""
    second_group: str = ""
    reason: bool = False
    when_alone: timedelta | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.signatures < 1:
            raise ValueError("signatures must be 1 or more; nothing may run unsigned")
        if self.second_group and self.signatures < 2:
            raise ValueError("a second group needs 2 signatures or more; nobody signs in two roles")
        if self.when_alone is None:
            return
        if self.second_group:
            raise ValueError("one person is never two roles: take when_alone or the second group out")
        if not timedelta(0) < self.when_alone < self.time_to_sign:
            raise ValueError("the time alone must be more than 0 and less than the time to sign")

    @property
    def seats(self) -> tuple[str, ...]:
        """The group that each signature must come from; empty stands for all of N3."""
        last = self.second_group or self.group
        return (*((self.group,) * (self.signatures - 1)), last)

    @property
    def asks(self) -> str:
        """Whom it asks for, in words: `2 of N3: 1 of database and 1 of security`."""
        counts = {group: self.seats.count(group) for group in dict.fromkeys(self.seats)}
        if set(counts) == {""}:
            return f"{self.signatures} of N3"
        of = " and ".join(f"{count} of {group or 'any group'}" for group, count in counts.items())
        return f"{self.signatures} of N3: {of}"


@dataclass(frozen=True, slots=True)
class SpecialRule:
    """What differs for some risks, environments and services; a dimension that is empty fits everything.

    What is None is as the rule of the risk has it.
    """

    risks: tuple[Risk, ...] = ()
    environments: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    signatures: int | None = None
    time_to_sign: timedelta | None = None
    time_to_execute: timedelta | None = None
    group: str | None = None
    second_group: str | None = None
    reason: bool | None = None
    when_alone: timedelta | None = None

    def fits(self, risk: Risk, environment: str, service: str) -> bool:
        """Whether it is about this; compared exactly."""
        asked = ((self.risks, risk), (self.environments, environment), (self.services, service))
        return all(not known or value in known for known, value in asked)

    @property
    def weight(self) -> tuple[int, bool, bool, bool]:
        """How special it is: by how many dimensions it names, then service before environment before risk."""
        named = bool(self.services), bool(self.environments), bool(self.risks)
        return (sum(named), *named)

    def overlaps(self, other: SpecialRule) -> bool:
        """Whether something fits both, and neither is more special."""
        pairs: Sequence[tuple[Sequence[str], Sequence[str]]] = (
            (self.risks, other.risks),
            (self.environments, other.environments),
            (self.services, other.services),
        )
        return self.weight == other.weight and all(not a or bool(set(a) & set(b)) for a, b in pairs)

    def over(self, base: Rule, risk: Risk) -> Rule:
        """The rule that comes of it; alone, nobody ever signs what is destructive."""
        changes = {name: getattr(self, name) for name in _CHANGES if getattr(self, name) is not None}
        if risk is Risk.DESTRUCTIVE:
            changes.pop("when_alone", None)
        return replace(base, name=self.name, **changes)

    @property
    def name(self) -> str:
        """What it is about, in words: `destructive in production for payments`."""
        risks = " or ".join(self.risks) or "every risk"
        where = f" in {', '.join(self.environments)}" if self.environments else ""
        what = f" for {', '.join(self.services)}" if self.services else ""
        return f"{risks}{where}{what}"


_CHANGES = (
    "signatures",
    "time_to_sign",
    "time_to_execute",
    "group",
    "second_group",
    "reason",
    "when_alone",
)


@dataclass(frozen=True, slots=True)
class Group:
    """A part of N3: the members of a Slack user group, or the people of a list; never who is not N3."""

    usergroup: str = ""
    pinned: frozenset[Person] = frozenset()
