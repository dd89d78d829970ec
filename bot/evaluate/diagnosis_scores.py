"""The terms by which causes are judged: right, among three, calibrated, and new ones told from known ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from knowledge.causes.history import key_of
from knowledge.causes.model import Judgement

BINS = 10
SUREST = 0.7
"""The share of incidents that it is surest of, for the accuracy where one would act on it."""
TERMS = ("a@1", "a@3", "macro_f1", "ece", "surest_70", "component", "cause_and_component", "novelty_auroc")


@dataclass(frozen=True, slots=True)
class Judged:
    """One incident: what is true of it ("": not known), and what the past said.

    `seen`: whether the history held its cause.
    """

    id: str
    cause: str
    component: str
    seen: bool
    said: Judgement

    @property
    def first(self) -> str:
        """The cause named first, as it is compared; "" when none was named."""
        return key_of(self.said.causes[0].cause) if self.said.causes else ""

    @property
    def is_right(self) -> bool:
        """Whether the cause named first is the true one."""
        return self.first == key_of(self.cause)

    @property
    def sure(self) -> float:
        """The confidence in the cause named first."""
        return self.said.causes[0].confidence if self.said.causes else 0.0


def scores(judged: Sequence[Judged]) -> dict[str, float | None]:
    """All terms, over incidents whose cause is known; None for each that nothing is known about."""
    known = [one for one in judged if one.cause]
    if not known:
        return dict.fromkeys(TERMS)
    parts = [one for one in known if one.component]
    surest = sorted(known, key=lambda one: (-one.sure, one.id))[: max(int(SUREST * len(known)), 1)]
    return {
        "a@1": fmean(one.is_right for one in known),
        "a@3": fmean(_among_three(one) for one in known),
        "macro_f1": macro_f1([(key_of(one.cause), one.first) for one in known]),
        "ece": calibration_error([(one.sure, one.is_right) for one in known]),
        "surest_70": fmean(one.is_right for one in surest),
        "component": fmean(_has_part(one) for one in parts) if parts else None,
        "cause_and_component": fmean(one.is_right and _has_part(one) for one in parts) if parts else None,
        "novelty_auroc": auroc(
            [one.said.novelty for one in known if not one.seen],
            [one.said.novelty for one in known if one.seen],
        ),
    }


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """The mean F1 over the true causes. `pairs`: (true, said)."""
    true, said = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    right = Counter(pair[0] for pair in pairs if pair[0] == pair[1])
    return fmean(2 * right[cause] / (true[cause] + said[cause]) for cause in true)


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """The expected calibration error in ten bins of equal width. `pairs`: (confidence, is right)."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for pair in pairs:
        bins.setdefault(min(int(pair[0] * BINS), BINS - 1), []).append(pair)
    gaps = (abs(fmean(p[0] for p in one) - fmean(p[1] for p in one)) * len(one) for one in bins.values())
    return sum(gaps) / len(pairs)


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """How often one of `higher` is above one of `lower`, a tie being half; None when either is empty."""
    if not higher or not lower:
        return None
    above = sum((h > low) + 0.5 * (h == low) for h in higher for low in lower)
    return above / (len(higher) * len(lower))


def _among_three(one: Judged) -> bool:
    return key_of(one.cause) in [key_of(likely.cause) for likely in one.said.causes[:3]]


def _has_part(one: Judged) -> bool:
    return one.said.component.casefold() == one.component.casefold()
