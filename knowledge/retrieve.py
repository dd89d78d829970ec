"""Answers a question with passages: words and meaning are ranked apart, fused, and cut to what a reader can
use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from knowledge.bonus import NAME_IN_TEXT, bonus, freshness, usefulness
from knowledge.choosing import Read, choose
from knowledge.glossary import Glossary, standard
from knowledge.lexical import LexicalIndex
from knowledge.model import Query, SearchResult
from knowledge.question import Question, understand
from knowledge.ranking import Ranking, fuse
from knowledge.signals import WEIGHTS, Dense, Seen, Signals, listen

# Calibrated on alerts against their own and against other teams' runbooks, and on questions of daily life
# (`scripts/bench_retrieval` prints both mistakes): the cosine above the embedder's floor, weighed, and the
# share
# of words met must reach FIT_BOTH together.
NEARNESS, FIT_BOTH, FIT_WORDS = 1.5, 0.45, 0.4
# An alert that names a document leaves no doubt.
NAMED = 9.0


@dataclass(frozen=True, slots=True)
class Tuning:
    """What an installation knows beside its documents, and what a measurement may turn.

    `usefulness`: document id -> what people said of it, -1 to 1.
    """

    glossary: Glossary = field(default_factory=standard)
    usefulness: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)


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

    def fit(self, best: str, complete: bool = True) -> float:
        """How much a document has to do with the question; 1 and more: it fits."""
        return fit(self.question, best, self.seen, self.signals, self.dense, complete)


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
        return SearchResult((), False)
    order = sorted(documents, key=lambda id: (-documents[id], id))
    of_passages = fuse(
        signals.passages.values(), {id for one in signals.passages.values() for id in one.scores}
    )
    passages = choose(order, documents, of_passages, seen.about, read, k)
    fits = bool(passages) and heard.fit(order[0], complete) >= 1.0
    return SearchResult(tuple(passages), fits)


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


def fit(
    question: Question, best: str, seen: Seen, signals: Signals, dense: Dense | None, complete: bool
) -> float:
    """How much the best document has to do with the question; 1 and more: it fits."""
    one = seen.about(best)
    if one is not None and (question.alert in one.names or question.names & one.names):
        return NAMED
    coverage = seen.lexical.coverage(question.words, best)
    if question.gloss:
        coverage = max(coverage, seen.lexical.coverage(question.gloss, best))
    if dense is None or (not complete and best not in signals.cosine):
        return coverage / FIT_WORDS
    near = signals.cosine.get(best, 0.0) - dense.embedder.floor
    return (NEARNESS * near + coverage) / FIT_BOTH if near > 0.0 else 0.0
