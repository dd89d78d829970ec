"""How well a stream of two faults at a time can be told apart by whoever keeps each firing whole.

A firing is one series from its beginning to its end, with all its deliveries. When it began under one fault
and fires on under the other, its deliveries have two causes and one incident, whatever the method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import comb

Firing = tuple[int, int]
"""How many of its deliveries the first fault caused, and how many the second."""


def best_pairwise_f1(pairs_of_faults: Sequence[Sequence[Firing]]) -> float:
    """The highest pairwise F1 there is over all ways to put whole firings into incidents.

    Exact (Dinkelbach 1967). For a ratio F that is aimed at, an incident of a and b deliveries is worth
    ((1 - F)(a + b)^2 + (a - b)^2) / 2 and a constant. That is convex in (a, b), so the best incidents are
    neighbours in the order of their firings' shares, and are found one pair of faults after the other.
    """
    wanted = sum(_pairs(sum(part)) for firings in pairs_of_faults for part in zip(*firings, strict=True))
    parts = [_by_share(firings) for firings in pairs_of_faults]
    reached = 0.0
    while True:
        found = [_best_incidents(firings, reached) for firings in parts]
        right, together = sum(one[1] for one in found), sum(one[2] for one in found)
        better = 2 * right / (together + wanted) if together + wanted else 0.0
        if better <= reached:
            return reached
        reached = better


def _by_share(firings: Iterable[Firing]) -> list[Firing]:
    """Firings of one share are worth most together."""
    first: Counter[float] = Counter()
    second: Counter[float] = Counter()
    for a, b in firings:
        first[a / (a + b)] += a
        second[a / (a + b)] += b
    return [(first[share], second[share]) for share in sorted(first)]


def _best_incidents(firings: Sequence[Firing], ratio: float) -> tuple[float, int, int]:
    """(worth, pairs rightly together, pairs together) of the best way to cut the row into incidents."""
    best = [(0.0, 0, 0)]
    for end in range(1, len(firings) + 1):
        a = b = 0
        ways = []
        for start in range(end - 1, -1, -1):
            a, b = a + firings[start][0], b + firings[start][1]
            right, together = _pairs(a) + _pairs(b), _pairs(a + b)
            worth, rightly, all_of_them = best[start]
            ways.append((worth + 2 * right - ratio * together, rightly + right, all_of_them + together))
        best.append(max(ways))
    return best[-1]


def _pairs(many: int) -> int:
    return comb(many, 2)
