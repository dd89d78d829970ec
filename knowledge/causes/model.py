"""The values in and out of the causes of past incidents."""

from __future__ import annotations

from dataclasses import dataclass

ONE_SOURCE = 0.6
"""The most that one source of evidence can make of a cause that the others do not name."""
NEW_FROM = 0.7
"""From this likelihood on a cause counts as new; lower, known ones are called so too often."""


@dataclass(frozen=True, slots=True)
class Past:
    """A past incident whose cause is known. `component` is "kind/name" or a name; empty: not recorded.

    `access`: who may see it, as with documents; everybody when empty.
    """

    id: str
    text: str
    cause: str
    component: str = ""
    access: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past incident that led to a cause; `likeness` between 0 and 1, `weight` its share of the score."""

    id: str
    cause: str
    likeness: float
    weight: float


@dataclass(frozen=True, slots=True)
class Likely:
    """One cause with its calibrated confidence (0 to 1) and the past incidents that led to it, at most 3."""

    cause: str
    confidence: float
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the past says of one incident.

    `causes`: most likely first. `component`: the unhealthy part as the evidence names it, "" when it names
    none. `novelty`: the chance that the cause was never seen, 0 to 1. `trust`: how far the confidences rest
    on this history's own outcomes (0: too few of them, 1: many).
    """

    causes: tuple[Likely, ...] = ()
    component: str = ""
    novelty: float = 0.5
    trust: float = 0.0

    @property
    def novel(self) -> bool:
        """Whether it is likely enough to be told that nobody has seen this cause before."""
        return self.novelty >= NEW_FROM


NOTHING = Judgement()
