"""What each signal of retrieval is worth: alone, left out, and weighed by sources that it was not chosen
on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from bot.evaluate.retrieval import Query
from knowledge.base import KnowledgeBase
from knowledge.fitting import BAR
from knowledge.model import Query as Question
from knowledge.retrieve import Heard, Tuning
from knowledge.signals import WEIGHTS

NAMES = ("recall@1", "recall@5", "mrr@10")
DRAWS = 2000
# The share of answerable questions that "nothing fits" must not touch.
KEPT = 0.95

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """A query that is scored, with what every signal said of it; `relevant` as the base names documents."""

    source: str
    heard: Heard
    relevant: frozenset[str]

    def place(self, weights: Weights | None = None) -> int:
        """Where the first relevant document stands, from 1."""
        scores = self.heard.judge(weights)
        order = sorted(scores, key=lambda id: (-scores[id], id))
        found = [place for place, id in enumerate(order[:10], 1) if id in self.relevant]
        return found[0] if found else 0

    @property
    def fit(self) -> float:
        """How much the first document has to do with the question; 1 and more: it fits."""
        return _fit(self.heard)

    @property
    def hidden(self) -> float:
        """The same without its own documents: what an alert reaches that nobody has written about yet."""
        return self.heard.fit(self.heard.order(self.relevant)).value


def listen(
    base: KnowledgeBase, queries: Iterable[Query], prefix: str = "", tuning: Tuning | None = None
) -> list[Case]:
    """Ask the signals of one source's base."""
    return [
        Case(
            query.source,
            base.hear(Question(query.text), tuning),
            frozenset(id.removeprefix(prefix) for id in query.relevant),
        )
        for query in queries
        if query.relevant
    ]


def fits(base: KnowledgeBase, queries: Iterable[Query]) -> list[float]:
    """How much the first document has to do with each question."""
    return [_fit(base.hear(Question(query.text))) for query in queries]


def fitting(
    fits: Mapping[str, Mapping[str, Sequence[float]]], bars: Mapping[str, float]
) -> dict[str, object]:
    """The share of each kind of question that something is said to fit, each source counting alike; `own` has
    an answer, the other kinds have none. `bars`: what each source's base has learned.

    `auroc_KIND`: how often a question with an answer reaches more than one of that kind. `by_source`: all of
    it for each. `calibration`: the shares at other bars. `shipped`: with the bar as shipped for a
    hundred documents instead of their own. `threshold_without`: what each source's queries would have chosen
    had the others alone been known: the highest that refuses one in twenty at most.
    """
    own, others = fits["own"], [kind for kind in fits if kind != "own"]
    figures: dict[str, object] = {f"fits_{kind}": _share(by_source, 1.0) for kind, by_source in fits.items()}
    figures |= {f"auroc_{kind}": fmean(auroc(own[one], fits[kind][one]) for one in own) for kind in others}
    steps = [0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5]
    figures["calibration"] = {f"{at:g}": {kind: _share(of, at) for kind, of in fits.items()} for at in steps}
    figures["by_source"] = {
        one: {"bar": bars[one]}
        | {kind: _share({one: of[one]}, 1.0) for kind, of in fits.items()}
        | {f"auroc_{kind}": auroc(own[one], fits[kind][one]) for kind in others}
        for one in own
    }
    figures["shipped"] = {
        kind: fmean(_share({one: of[one]}, BAR / bars[one]) for one in own) for kind, of in fits.items()
    }
    chosen: dict[str, dict[str, float]] = {}
    for left in own:
        rest = {source: values for source, values in own.items() if source != left}
        at = max((step / 100 for step in range(10, 500) if _share(rest, step / 100) >= KEPT), default=0.0)
        shares = {kind: _share({left: of[left]}, at) for kind, of in fits.items()}
        chosen[left] = {"threshold": at, **shares}
    figures["threshold_without"] = chosen
    figures |= {f"left_out_fits_{kind}": fmean(one[kind] for one in chosen.values()) for kind in fits}
    return figures


def auroc(with_answer: Sequence[float], without: Sequence[float]) -> float:
    """How often one of the first is above one of the second; a tie counts half."""
    above = (float(a > b) + 0.5 * float(a == b) for a in with_answer for b in without)
    return fmean(above)


def means(cases: Sequence[Case], places: Sequence[int]) -> dict[str, float]:
    """recall@1, recall@5 and mrr@10, each source counting alike."""
    return {name: _averaged(cases, [_value(name, place) for place in places]) for name in NAMES}


def places_of(cases: Sequence[Case], weights: Weights | None = None) -> list[int]:
    """The place of each case."""
    return [case.place(weights) for case in cases]


def alone(cases: Sequence[Case]) -> dict[str, list[int]]:
    """The places by each signal alone that says anything of these cases."""
    there = [name for name in WEIGHTS if any(name in case.heard.signals.documents for case in cases)]
    return {name: places_of(cases, {name: 1.0}) for name in there}


def left_out(cases: Sequence[Case], names: Iterable[str]) -> dict[str, dict[str, float]]:
    """The means without each signal."""
    return {
        name: means(cases, places_of(cases, {key: value for key, value in WEIGHTS.items() if key != name}))
        for name in names
    }


def interval(
    cases: Sequence[Case], one: Sequence[int], other: Sequence[int], name: str, seed: int = 1
) -> tuple[float, float, float]:
    """How much better `one` is than `other` by a figure, and the 95 % interval of a paired bootstrap.

    Queries are drawn within their source, both systems answer the same draw.
    """
    gains = [_value(name, a) - _value(name, b) for a, b in zip(one, other, strict=True)]
    by_source = _by_source(cases, gains)
    draw = random.Random(seed)  # noqa: S311  # a measurement, which must be repeatable
    found = sorted(
        fmean(fmean(draw.choices(values, k=len(values))) for values in by_source.values())
        for _ in range(DRAWS)
    )
    middle = fmean(fmean(values) for values in by_source.values())
    return middle, found[int(0.025 * DRAWS)], found[int(0.975 * DRAWS)]


def leave_one_out(
    cases: Sequence[Case], free: Mapping[str, Sequence[float]]
) -> tuple[dict[str, dict[str, float]], dict[str, float], dict[str, float]]:
    """Choose the free weights on all sources but one, by mrr@10; score that one.

    Returns what was chosen for each source left out, the means so reached, and what all sources together
    choose.
    """
    grid = [dict(WEIGHTS) | dict(zip(free, values, strict=True)) for values in product(*free.values())]
    places = [places_of(cases, weights) for weights in grid]

    def best(judged: Callable[[Case], bool]) -> int:
        kept = [number for number, case in enumerate(cases) if judged(case)]
        some = [cases[number] for number in kept]
        scores = [means(some, [row[number] for number in kept])["mrr@10"] for row in places]
        return max(range(len(grid)), key=lambda row: (scores[row], -row))

    chosen: dict[str, int] = {
        source: best(lambda case, left=source: case.source != left)  # type: ignore[misc]  # bound at once
        for source in sorted({case.source for case in cases})
    }
    reached = [places[chosen[case.source]][number] for number, case in enumerate(cases)]
    shown = {source: {name: grid[row][name] for name in free} for source, row in chosen.items()}
    every = grid[best(lambda _: True)]
    return shown, means(cases, reached), {name: every[name] for name in free}


def _fit(heard: Heard) -> float:
    return heard.fit(heard.order()).value


def _share(by_source: Mapping[str, Sequence[float]], at: float) -> float:
    return fmean(fmean(value >= at for value in values) for values in by_source.values() if values)


def _value(name: str, place: int) -> float:
    if name == "mrr@10":
        return 1 / place if place else 0.0
    return float(0 < place <= (1 if name == "recall@1" else 5))


def _averaged(cases: Sequence[Case], values: Sequence[float]) -> float:
    by_source = _by_source(cases, values)
    return fmean(fmean(found) for found in by_source.values()) if by_source else 0.0


def _by_source(cases: Sequence[Case], values: Sequence[float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for case, value in zip(cases, values, strict=True):
        found.setdefault(case.source, []).append(value)
    return found
