"""The arithmetic of fusing rankings: pure functions over scores."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from knowledge.model import Passage

# Scores that differ by less than this share of the highest say nothing.
EVEN = 1e-3
# Shares of common word triples above which two passages say the same.
SAME = 0.85


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores of one kind. `absent` is what a thing that was not retrieved is taken to have; None: the
    lowest met.
    """

    scores: Mapping[str, float]
    absent: float | None = None
    weight: float = 1.0


def fuse(rankings: Iterable[Ranking], candidates: Iterable[str]) -> dict[str, float]:
    """Mean of the rankings' z-scores for each candidate: how far above the others it stands, on the
    average.
    """
    ids = list(candidates)
    total = dict.fromkeys(ids, 0.0)
    weights = 0.0
    for ranking in rankings:
        if not ranking.scores:
            continue
        absent = min(ranking.scores.values()) if ranking.absent is None else ranking.absent
        values = [ranking.scores.get(id, absent) for id in ids]
        spread = pstdev(values) if len(values) > 1 else 0.0
        if spread > EVEN * max(map(abs, values)):
            middle = fmean(values)
            for id, value in zip(ids, values, strict=True):
                total[id] += ranking.weight * (value - middle) / spread
        weights += ranking.weight
    return {id: value / weights for id, value in total.items()} if weights else total


def best_two(scores: Sequence[float]) -> float:
    """The mean of the two highest; one alone counts for itself with a little less."""
    top = sorted(scores, reverse=True)[:2]
    return fmean(top) if len(top) == 2 else top[0] * 0.95


def mean_of(rankings: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean score of each thing; where a ranking did not bring it, it has that ranking's lowest."""
    found = [ranking for ranking in rankings if ranking]
    lowest = [min(ranking.values()) for ranking in found]
    ids = {id for ranking in found for id in ranking}
    return {id: fmean(ranking.get(id, low) for ranking, low in zip(found, lowest, strict=True)) for id in ids}


def grouped(
    scores: Mapping[str, Sequence[float]], owner: Callable[[str], str | None]
) -> dict[str, list[float]]:
    """Scores of parts collected under what owns them; parts without an owner are left out."""
    found: dict[str, list[float]] = {}
    for part, values in scores.items():
        whole = owner(part)
        if whole is not None:
            found.setdefault(whole, []).extend(values)
    return found


def squash(value: float) -> float:
    """Any number into 0 to 1, in the same order."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))


def fingerprint(passage: Passage) -> tuple[str, frozenset[tuple[str, ...]]]:
    """What two copies of a passage share: the title, and the word triples of the text."""
    words = re.findall(r"\w+", passage.text.lower())
    triples = frozenset(tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2)))
    return " ".join(passage.title.lower().split()), triples


def same(one: tuple[str, frozenset[tuple[str, ...]]], other: tuple[str, frozenset[tuple[str, ...]]]) -> bool:
    """Whether two passages say nearly the same under one title.

    Runbooks made from one template say the same under different titles: those are different answers.
    """
    return one[0] == other[0] and len(one[1] & other[1]) >= SAME * len(one[1] | other[1])
