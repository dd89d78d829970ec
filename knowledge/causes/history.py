"""A history of incidents with known causes, and what it says of a new one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.causes.component import component
from knowledge.causes.logistic import Numbers
from knowledge.causes.model import NOTHING, ONE_SOURCE, Judgement, Likely, Neighbour, Past
from knowledge.causes.reading import Reading, read
from knowledge.causes.ridge import Fit, lead, seen_before
from knowledge.causes.space import GROUPS, Space

AT_ONCE = 600
"""So many past incidents are weighed against each other; of a longer history, the likest."""
FEW = 10
"""Up to so many incidents are taken out of a fit; with more left out it is made anew."""
SHOWN = 5
NEIGHBOURS = 3
TRUSTED = 20.0
"""So many incidents whose cause recurred make the history's own outcomes weigh half."""
SUREST = 0.99


Places = NDArray[np.int64]


class History:
    """Fitted once, asked often; a method changes nothing that shows. Texts are read once each.

    `read_before`: readings of the same texts by id, from an earlier history.
    """

    def __init__(
        self,
        incidents: Sequence[Past],
        read_before: Mapping[str, Reading] | None = None,
        groups: Sequence[str] = GROUPS,
    ) -> None:
        self.incidents = tuple(sorted(incidents, key=lambda one: one.id))
        before = read_before or {}
        self.readings = {one.id: before.get(one.id) or read(one.text) for one in self.incidents}
        self._names: dict[str, str] = {}
        for one in self.incidents:
            self._names.setdefault(key_of(one.cause), one.cause)
        self._keys = sorted(self._names)
        number = {key: place for place, key in enumerate(self._keys)}
        self._cause = np.array([number[key_of(one.cause)] for one in self.incidents], np.int64)
        self._space = Space([self.readings[one.id] for one in self.incidents], groups)
        self._whole: Numbers | None = None
        self._fit_of_all: Fit | None = None

    def judge(self, texts: Sequence[str], without: Collection[str] = ()) -> Judgement:
        """What the past says of an incident. `texts`: what each source of evidence says, untrusted.

        `without`: ids of incidents that must not count, such as the incident itself.
        """
        left_out = set(without)
        kept = np.array([i for i, one in enumerate(self.incidents) if one.id not in left_out], np.int64)
        said = [text for text in texts if text.strip()]
        if not len(kept) or not said:
            return NOTHING
        readings = [self._read(text, left_out) for text in said]
        counted = len(kept) < len(self.incidents)
        each = np.stack([self._space.likeness(self._space.vector(one, counted=counted)) for one in readings])
        alike = each.mean(0, dtype=np.float64)
        if len(kept) > AT_ONCE:
            kept = np.sort(kept[np.argsort(-alike[kept], kind="stable")[:AT_ONCE]])
        return self._judge(said, readings, kept, each[:, kept].astype(np.float64))

    def nearest(self, texts: Sequence[str]) -> list[Neighbour]:
        """All past incidents, the likest first; `weight` is 0, as they lead to nothing by themselves."""
        each = [self._space.likeness(self._space.vector(read(text))) for text in texts]
        alike = np.stack(each).mean(0, dtype=np.float64)
        order = np.argsort(-alike, kind="stable")
        return [Neighbour(self.incidents[i].id, self.incidents[i].cause, float(alike[i]), 0.0) for i in order]

    def _judge(
        self, texts: Sequence[str], readings: Sequence[Reading], kept: Places, each: Numbers
    ) -> Judgement:
        fit, alike = self._fit(kept), each.mean(0)
        present = np.unique(fit.causes)
        scores = fit.scores(alike)[None, present]
        novelty = float(fit.new.chance(seen_before(scores, np.array([alike.max()])))[0])
        sure = _capped(fit, present, each, int(scores.argmax())) * (1 - fit.unseen(novelty))
        recurring = float(fit.recurring.sum()) ** 2
        causes = self._causes(fit, present, scores[0], sure, kept, alike)
        kinds = [one.component for i in kept if (one := self.incidents[i]).cause == causes[0].cause]
        oddities = [self._space.usual.oddities(reading, counted=False) for reading in readings]
        part = component(texts, oddities, kinds)
        return Judgement(causes, part, novelty, recurring / (recurring + TRUSTED**2))

    def _causes(
        self,
        fit: Fit,
        present: Places,
        scores: Numbers,
        sure: float,
        kept: Places,
        alike: Numbers,
    ) -> tuple[Likely, ...]:
        order = np.argsort(-scores, kind="stable")[:SHOWN]
        rest = np.maximum(scores[order[1:]], 1e-3)
        shares = [sure, *np.minimum((1 - sure) * rest / rest.sum(), sure)] if len(rest) else [sure]
        found = []
        for place, share in zip(order, shares, strict=True):
            cause = int(present[place])
            near = self._neighbours(fit, cause, kept, alike)
            found.append(Likely(self._names[self._keys[cause]], float(share), near))
        return tuple(found)

    def _neighbours(self, fit: Fit, cause: int, kept: Places, alike: Numbers) -> tuple[Neighbour, ...]:
        """The incidents of this cause that gave it most of its score."""
        parts = np.where(fit.causes == cause, alike * fit.weights[:, cause], -np.inf)
        whole = float(np.maximum(parts, 0).sum()) or 1.0
        best = [i for i in np.argsort(-parts, kind="stable")[:NEIGHBOURS] if parts[i] > 0]
        return tuple(
            Neighbour(
                (one := self.incidents[kept[i]]).id, one.cause, float(alike[i]), float(parts[i]) / whole
            )
            for i in best
        )

    def _fit(self, kept: Places) -> Fit:
        everything = len(kept) == len(self.incidents)
        if everything and self._fit_of_all is not None:
            return self._fit_of_all
        if not everything and len(self.incidents) <= AT_ONCE and len(self.incidents) - len(kept) <= FEW:
            return self._fit(np.arange(len(self.incidents))).without_few(kept)
        if len(self.incidents) <= 2 * AT_ONCE:
            if self._whole is None:
                self._whole = self._space.gram(np.arange(len(self.incidents)))
            gram = self._whole[np.ix_(kept, kept)]
        else:
            gram = self._space.gram(kept)
        made = Fit(gram, [int(self._cause[i]) for i in kept], len(self._keys))
        if everything:
            self._fit_of_all = made
        return made

    def _read(self, text: str, left_out: Collection[str]) -> Reading:
        known = next((id for id in left_out if id in self.readings and self._text(id) == text), None)
        return self.readings[known] if known else read(text)

    def _text(self, id: str) -> str:
        return next(one.text for one in self.incidents if one.id == id)


def _capped(fit: Fit, present: Places, each: Numbers, best: int) -> float:
    """How sure the best cause is; a flood in one source gains no more than the others bear out."""
    alike = each.mean(0)
    sure = min(float(fit.sure.chance(lead(fit.scores(alike)[None, present]))[0]), SUREST)
    if len(each) < 2:
        return sure
    borne_out = SUREST
    for source in range(len(each)):
        scores = fit.scores(np.delete(each, source, axis=0).mean(0))[None, present]
        same = int(scores.argmax()) == best
        borne_out = min(borne_out, float(fit.sure.chance(lead(scores))[0]) if same else 0.0)
    return min(sure, max(ONE_SOURCE, borne_out))


def key_of(cause: str) -> str:
    """Two spellings of one cause are one cause."""
    return " ".join(cause.casefold().split())
