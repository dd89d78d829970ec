"""Logistic regression on a handful of numbers, drawn towards what holds before anything is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Curve:
    """Turns numbers into a chance: `weights` for each number, then the constant."""

    weights: tuple[float, ...]

    def chance(self, numbers: Numbers) -> Numbers:
        """The chance for each row of `numbers` (rows, numbers)."""
        *each, constant = self.weights
        z = np.clip(numbers @ np.array(each) + constant, -30, 30)
        return np.asarray(1 / (1 + np.exp(-z)), np.float64)


def fit(start: Curve, numbers: Numbers, outcomes: Numbers, pull: float) -> Curve:
    """The curve that explains outcomes (0 or 1) best; `pull`: as many outcomes as weigh against `start`."""
    if not len(outcomes):
        return start
    prior = np.array(start.weights)
    x = np.hstack([numbers, np.ones((len(numbers), 1))])
    w = prior.copy()
    for _ in range(_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (p - outcomes) + pull * (w - prior) / 10
        curvature = (x.T * (p * (1 - p) + 1e-6)) @ x + np.eye(len(w)) * pull / 10
        step = np.linalg.solve(curvature, gradient)
        w = w - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-8:
            break
    return Curve(tuple(float(value) for value in w))
