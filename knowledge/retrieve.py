"""Answers a question with passages: words and meaning are ranked apart, fused, and cut to what a reader can
use.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from knowledge.bonus import NAME_IN_TEXT, bonus, freshness, usefulness
from knowledge.choosing import Read, choose
from knowledge.fitting import BAR, NOTHING, Fit, fit
from knowledge.glossary import Glossary, standard
from knowledge.lexical import LexicalIndex
from knowledge.model import Query, SearchResult
from knowledge.question import Question, understand
from knowledge.ranking import Ranking, fuse
from knowledge.signals import WEIGHTS, Dense, Seen, Signals, listen


@dataclass(frozen=True, slots=True)
class Tuning:
    """What an installation knows beside its documents, and what a measurement may turn.

    `usefulness`: document id -> what people said of it, -1 to 1. `bar`: what the best document must reach to
    fit.
    """

    glossary: Glossary = field(default_factory=standard)
    usefulness: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    bar: float = BAR


@dataclass(frozen=True, slots=True)
class Heard:
    """What every signal says of one query, before it is fused."""

    question: Question
    seen: Seen
    signals: Signals
    tuning: Tuning
    dense: Dense | None = None

    def judge(self, weights: Mapping[str, float] | None = None) -> dict[str, float]:
        """Document id -> how well it answers; `weights` instead of the ones in use."""
        tuning = self.tuning if weights is None else replace(self.tuning, weights=weights)
        return judge(self.question, self.seen, self.signals, tuning)

    def order(self, without: Collection[str] = ()) -> list[str]:
        """Documents, best first; `without`: some that must not count."""
        scores = self.judge()
        return sorted(scores.keys() - set(without), key=lambda id: (-scores[id], id))

    def fit(self, order: Sequence[str], complete: bool = True) -> Fit:
        """Whether the first of some documents has to do with the question, and why."""
        bar = self.tuning.bar
        return fit(self.question, order, self.seen, self.signals, self.dense, bar=bar, complete=complete)


def hear(query: Query, lexical: LexicalIndex, dense: Dense | None, tuning: Tuning) -> Heard:
    """Ask every signal."""
    question, seen = understand(query, tuning.glossary), Seen(query, lexical)
    return Heard(question, seen, listen(question, seen, dense), tuning, dense)


def search(
    query: Query,
    k: int,
    lexical: LexicalIndex,
    dense: Dense | None,
    read: Read,
    complete: bool = True,
    tuning: Tuning | None = None,
) -> SearchResult:
    """At most k passages, best first; `read` gives the current passages of some ids. `missing` is left to
    the caller. `complete`: no passage still waits for its vectors.
    """
    tuning = tuning or Tuning()
    heard = hear(query, lexical, dense, tuning)
    seen, signals = heard.seen, heard.signals
    documents = heard.judge()
    if not documents:
        return SearchResult((), False, why=NOTHING.why)
    order = sorted(documents, key=lambda id: (-documents[id], id))
    of_passages = fuse(
        signals.passages.values(), {id for one in signals.passages.values() for id in one.scores}
    )
    passages = choose(order, documents, of_passages, seen.about, read, k)
    if not passages:
        return SearchResult((), False, why=NOTHING.why)
    shown = {passage.document_id for passage in passages}
    # What is shown may have the alert's name further down; the text is judged by what is best.
    found = heard.fit([order[0], *(id for id in order[1:] if id in shown)], complete)
    return SearchResult(tuple(passages), found.fits, why=found.why)


def judge(question: Question, seen: Seen, signals: Signals, tuning: Tuning) -> dict[str, float]:
    """Document id -> how well it answers, of all that any signal brought or that has the alert's name."""
    rankings = [
        Ranking(one.scores, one.absent, tuning.weights[name])
        for name, one in signals.documents.items()
        if tuning.weights.get(name)
    ]
    documents = fuse(rankings, {id for ranking in rankings for id in ranking.scores})
    for id in seen.lexical.named({question.alert, *question.names} - {""}):
        one = seen.about(id)
        if one is not None and bonus(question, one) >= NAME_IN_TEXT:
            documents.setdefault(id, 0.0)
    known = [(id, one) for id in documents if (one := seen.about(id)) is not None]
    fresh = freshness((id, one.dated) for id, one in known)
    return {
        id: documents[id] + bonus(question, one) + usefulness(tuning.usefulness, id) + fresh.get(id, 0.0)
        for id, one in known
    }
