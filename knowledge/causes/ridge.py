"""Kernel ridge over some past incidents, with what it would have said of each of them without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.causes.logistic import Curve, Numbers, fit

SMOOTHING = 0.3
SURE = Curve((6.0, 6.0, -2.5))
"""From best score and lead over the second to "the best is right", before any outcome is known."""
NEW = Curve((-6.0, -4.0, -2.0, 3.0))
"""From the best score, its lead and the likest incident to "nobody has seen this cause"."""
PULL = 10.0


class Fit:
    """What some incidents teach. `gram`: how alike they are; `causes`: the number of each one's cause.

    `inverse`: that of the smoothed gram, where it is known.
    """

    def __init__(self, gram: Numbers, causes: Sequence[int], of: int, inverse: Numbers | None = None) -> None:
        self.causes = np.array(causes, np.int64)
        self._right = np.zeros((len(causes), of))
        self._right[np.arange(len(causes)), self.causes] = 1
        smoothed = gram + SMOOTHING * np.eye(len(causes))
        self._inverse = np.linalg.inv(smoothed) if inverse is None else inverse
        self._gram = gram
        self.weights: Numbers = self._inverse @ self._right
        many = self._right.sum(0)
        self.recurring = many[self.causes] > 1
        self.sure = self._sure()
        self.new = self._new()

    def without_few(self, kept: NDArray[np.int64]) -> Fit:
        """What all but a few of these teach, for far less work than anew. `kept`: places, rising."""
        gone = np.setdiff1d(np.arange(len(self.causes)), kept)
        across = self._inverse[np.ix_(kept, gone)]
        lost = across @ np.linalg.solve(self._inverse[np.ix_(gone, gone)], across.T)
        inverse = np.asarray(self._inverse[np.ix_(kept, kept)] - lost, np.float64)
        causes = [int(cause) for cause in self.causes[kept]]
        return Fit(self._gram[np.ix_(kept, kept)], causes, self._right.shape[1], inverse)

    def scores(self, alike: NDArray[np.float64]) -> Numbers:
        """A score for each cause, from the likeness with each incident."""
        return np.asarray(alike @ self.weights, np.float64)

    def unseen(self, novelty: float) -> float:
        """The chance that the cause is none of these, from `novelty` and how often new ones came so far.

        That share is the one of causes seen once (Good and Turing); `novelty` was learned from as many new
        incidents as there are, beside those that recurred.
        """
        many = len(self.causes)
        base = (many - self.recurring.sum() + 0.5) / (many + 1)
        odds = novelty / (1 - novelty + 1e-9) * base / (1 - base)
        odds *= max(float(self.recurring.sum()), 1.0) / many
        return float(odds / (1 + odds))

    def _without_each(self) -> Numbers:
        return np.asarray(self._right - self.weights / np.diag(self._inverse)[:, None], np.float64)

    def _sure(self) -> Curve:
        """Learned from incidents whose cause the others know, each judged by the others alone."""
        scores = self._without_each()[self.recurring]
        right = scores.argmax(1) == self.causes[self.recurring] if len(scores) else np.zeros(0)
        return fit(SURE, lead(scores), right.astype(float), PULL)

    def _new(self) -> Curve:
        """Learned from the same, beside each judged as if its cause had never been seen."""
        others = self._gram - np.diag(np.full(len(self.causes), np.inf))
        known = (self._without_each()[self.recurring], others.max(1, initial=-1.0)[self.recurring])
        unknown = self._without_cause()
        rows, outcomes = [], []
        for (scores, likest), is_new in ((known, 0.0), (unknown, 1.0)):
            keep = likest > -1
            rows.append(seen_before(scores[keep], likest[keep]))
            outcomes.append(np.full(int(keep.sum()), is_new))
        x, y = np.vstack(rows), np.concatenate(outcomes)
        return fit(NEW, x, y, PULL)

    def _without_cause(self) -> tuple[Numbers, Numbers]:
        scores, likest = np.zeros_like(self._right), np.full(len(self.causes), -1.0)
        for cause in np.unique(self.causes):
            own = np.flatnonzero(self.causes == cause)
            block = np.linalg.inv(self._inverse[np.ix_(own, own)])
            scores[own] = self._right[own] - block @ self.weights[own]
            rest = np.flatnonzero(self.causes != cause)
            if len(rest):
                likest[own] = self._gram[np.ix_(own, rest)].max(1)
        return scores, likest


def lead(scores: Numbers) -> Numbers:
    """The best score and how far it is ahead of the second, by row."""
    if scores.shape[1] < 2:
        best = scores.max(1, initial=0.0) if scores.size else np.zeros(len(scores))
        return np.column_stack([best, best])
    top = np.sort(scores, axis=1)[:, -2:]
    return np.column_stack([top[:, 1], top[:, 1] - top[:, 0]])


def seen_before(scores: Numbers, likest: Numbers) -> Numbers:
    """What tells a new cause from a known one: best score, lead, and the likest incident, by row."""
    return np.column_stack([lead(scores), likest])
