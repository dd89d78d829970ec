"""The ceiling of the overlap stream is the best of all partitions, no less and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluate.ceiling import Firing, best_pairwise_f1
from bot.evaluate.noise_scores import pairwise_f1

FIRINGS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(any), min_size=1, max_size=5)


def partitions(count: int) -> Iterator[list[int]]:
    """Every way to give `count` things to incidents, each once."""
    if count == 0:
        yield []
        return
    for rest in partitions(count - 1):
        for incident in range(max(rest, default=-1) + 2):
            yield [*rest, incident]


def f1_of(firings: Sequence[Firing], incidents: Sequence[int]) -> float:
    return pairwise_f1(
        [
            (incident, cause)
            for (a, b), incident in zip(firings, incidents, strict=True)
            for cause in ["first"] * a + ["second"] * b
        ]
    )


@given(FIRINGS)
def test_no_partition_is_better_and_one_is_as_good(firings: list[Firing]) -> None:
    tried = max(f1_of(firings, incidents) for incidents in partitions(len(firings)))
    assert best_pairwise_f1([firings]) == pytest.approx(tried)


@given(FIRINGS.map(lambda found: found[:3]), FIRINGS.map(lambda found: found[:3]))
def test_two_pairs_of_faults_share_one_ratio(one: list[Firing], other: list[Firing]) -> None:
    """The best of one pair alone need not be the best of both: the ratio is over all pairs of alerts."""
    both = [*one, *other]
    tried = 0.0
    for first in partitions(len(one)):
        for second in partitions(len(other)):
            apart = [*first, *(100 + incident for incident in second)]
            tried = max(
                tried,
                pairwise_f1(
                    [
                        (incident, (at >= len(one), cause))
                        for at, ((a, b), incident) in enumerate(zip(both, apart, strict=True))
                        for cause in ["first"] * a + ["second"] * b
                    ]
                ),
            )
    assert best_pairwise_f1([one, other]) == pytest.approx(tried)


def test_firings_of_one_fault_each_can_be_told_apart_wholly() -> None:
    assert best_pairwise_f1([[(3, 0), (0, 2), (4, 0)]]) == 1.0


def test_what_fires_under_both_faults_cannot() -> None:
    assert best_pairwise_f1([[(2, 2)]]) == pytest.approx(2 * 2 / (6 + 2))
