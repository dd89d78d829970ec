"""Readings as vectors: three groups of features, each of length one, so that none drowns the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.causes.reading import Reading
from knowledge.causes.usual import Usual

Vector = NDArray[np.float32]
GROUPS = ("words", "templates", "oddities")
FEW = 3
"""Things that are few."""
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """A vector of length at most 1: columns in rising order with their values."""

    columns: NDArray[np.int64]
    values: Vector


class Space:
    """The vectors of a history's readings, and those of new ones in the same space.

    `groups`: which groups of features are used, for measuring what each is worth.
    """

    def __init__(self, readings: Sequence[Reading], groups: Sequence[str] = GROUPS) -> None:
        self._groups = tuple(groups)
        self.usual = Usual(readings)
        features = [self._features(reading, counted=True) for reading in readings]
        self._columns: list[dict[str, int]] = []
        self._weights: list[dict[str, float]] = []
        self._unseen = _rarity(len(readings), 1)
        start = 0
        for group in range(len(self._groups)):
            seen = Counter(feature for one in features for feature in one[group])
            self._columns.append({feature: start + place for place, feature in enumerate(sorted(seen))})
            self._weights.append({f: _rarity(len(readings), many) for f, many in seen.items()})
            start += len(seen)
        self.size = start
        self.rows = [self._row(one) for one in features]
        self._postings()

    def vector(self, reading: Reading, *, counted: bool = False) -> Row:
        """A text in this space. `counted`: it is one of the history itself, left out for now."""
        return self._row(self._features(reading, counted=counted))

    def likeness(self, row: Row) -> Vector:
        """How alike a vector and each of the history are: 0 to 1."""
        out = np.zeros(len(self.rows), np.float32)
        for column, value in zip(row.columns, row.values, strict=True):
            place = slice(self._starts[column], self._starts[column + 1])
            out[self._row_of[place]] += self._value_of[place] * value
        return out

    def gram(self, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
        """How alike some of the history are among each other."""
        dense = np.zeros((len(chosen), _BLOCK), np.float32)
        rows = [self.rows[i] for i in chosen]
        out = np.zeros((len(chosen), len(chosen)), np.float64)
        shared = np.bincount(np.concatenate([r.columns for r in rows]), minlength=self.size) > 1
        wanted = np.flatnonzero(shared)
        place = np.full(self.size, -1, np.int64)
        for first in range(0, len(wanted), _BLOCK):
            block = wanted[first : first + _BLOCK]
            place[block] = np.arange(len(block))
            dense[:] = 0
            for number, row in enumerate(rows):
                at = place[row.columns]
                dense[number, at[at >= 0]] = row.values[at >= 0]
            out += dense @ dense.T
            place[block] = -1
        np.fill_diagonal(out, [float(row.values @ row.values) for row in rows])
        return out

    def _features(self, reading: Reading, *, counted: bool) -> list[frozenset[str]]:
        every = {"words": reading.words, "templates": reading.templates}
        if "oddities" in self._groups:
            every["oddities"] = frozenset(_spread(self.usual.oddities(reading, counted=counted)))
        return [every[group] for group in self._groups]

    def _row(self, features: Sequence[frozenset[str]]) -> Row:
        columns: list[int] = []
        values: list[float] = []
        share = 1 / math.sqrt(len(self._groups))
        for group, found in enumerate(features):
            weights, places = self._weights[group], self._columns[group]
            # What was never seen is nothing to compare, but it makes the whole less alike.
            length = math.sqrt(math.fsum(weights.get(f, self._unseen) ** 2 for f in found)) or 1.0
            known = sorted(places[f] for f in found if f in places)
            by_place = {places[f]: weights[f] for f in found if f in places}
            columns += known
            values += [share * by_place[place] / length for place in known]
        return Row(np.array(columns, np.int64), np.array(values, np.float32))

    def _postings(self) -> None:
        counts = np.array([len(row.columns) for row in self.rows], np.int64)
        columns = np.concatenate([row.columns for row in self.rows] or [np.zeros(0, np.int64)])
        order = np.argsort(columns, kind="stable")
        self._row_of = np.repeat(np.arange(len(self.rows)), counts)[order]
        values = np.concatenate([row.values for row in self.rows] or [np.zeros(0, np.float32)])
        self._value_of = values[order]
        self._starts = np.searchsorted(columns[order], np.arange(self.size + 1))


def _spread(oddities: Mapping[str, set[str]]) -> Iterator[str]:
    """Each oddity, and whether it is of one thing, of a few or of many."""
    for oddity, things in oddities.items():
        yield oddity
        yield f"{oddity} of {'one' if len(things) == 1 else 'few' if len(things) <= FEW else 'many'}"


def _rarity(incidents: int, seen_in: int) -> float:
    return math.log((incidents + 1) / (seen_in + 0.5))
