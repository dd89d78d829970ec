"""Whether the best document has to do with the question at all, and why: two things against a bar."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from knowledge.question import Question
from knowledge.question_words import telling
from knowledge.signals import Dense, Seen, Signals

# What the best document shows: the cosine above the embedder's floor, weighed, and the share of telling words
# that it has. A logistic regression over these and ten more (agreement of the rankings, margins, titles, how
# far above the others) did no better on sources that it was not trained on; `scripts/bench_retrieval` shows
# the mistakes at each bar.
NEARNESS = 1.5
# The bar as shipped, over seven collections of 16 to 296 documents: it refuses no answer of a quoted alert,
# and one paraphrase in fifty whose document came first. The more documents, the nearer is one by chance; a
# paraphrase among ten that shares hardly a word means it.
BAR, LOWEST_BAR, WORDS_BAR = 0.6, 0.45, 0.4
FEW, MANY = 10, 100
# What an installation may learn: never lower, and not so high that a paraphrase fails.
HIGHEST_BAR = 0.9
# Documents of one house are near each other. A quarter of their titles, asked with their own document left
# out, reach less than this in the others; well below it, hardly any question of another house does.
QUARTER, SHARE = 0.25, 0.7
ENOUGH = 30
# An alert that names a document leaves no doubt.
NAMED = 9.0


@dataclass(frozen=True, slots=True)
class Fit:
    """`value`: what the best document has to do with the question, 1 and more: it fits; `why` in words."""

    value: float
    why: str

    @property
    def fits(self) -> bool:
        """Whether something answers."""
        return self.value >= 1.0


NOTHING = Fit(0.0, "no document shares a word or a meaning with it")


def evidence(
    question: Question, document: str, seen: Seen, signals: Signals, dense: Dense
) -> tuple[float, float]:
    """How near in meaning a document is (0: as near as anything), and its share of the words."""
    near = signals.cosine.get(document, 0.0) - dense.embedder.floor
    return max(0.0, near), share_of_words(question, document, seen)


def share_of_words(question: Question, document: str, seen: Seen) -> float:
    """The share (0 to 1) of the question's telling words that it has, rare ones weighing more."""
    share = seen.lexical.coverage(telling(question.words, question.language), document)
    return max(share, seen.lexical.coverage(question.gloss, document)) if question.gloss else share


def weigh(near: float, words: float) -> float:
    """Both as one number; without any nearness, words alone are chance."""
    return NEARNESS * near + words if near > 0.0 else 0.0


def named(question: Question, documents: Collection[str], seen: Seen) -> str:
    """The first of these documents that has the alert's name, as its title or as one of its alerts."""
    asked = question.names | ({question.alert} if question.alert else set())
    for id in documents:
        one = seen.about(id)
        if one is not None and not asked.isdisjoint(one.names):
            return id
    return ""


def fit(
    question: Question,
    documents: Sequence[str],
    seen: Seen,
    signals: Signals,
    dense: Dense | None,
    *,
    bar: float = BAR,
    complete: bool = True,
) -> Fit:
    """How much the first of the documents, best first, has to do with the question; a name counts wherever it
    is.

    `complete`: no passage still waits for its vectors.
    """
    if not documents:
        return NOTHING
    best = documents[0]
    if by_name := named(question, documents, seen):
        return Fit(NAMED, f"the alert's name is that of {by_name}")
    if dense is None or (not complete and best not in signals.cosine):
        share = share_of_words(question, best, seen)
        return _told(
            best, share / WORDS_BAR, f"has {share:.0%} of its telling words, where {WORDS_BAR:.0%} are needed"
        )
    near, share = evidence(question, best, seen, signals, dense)
    together = weigh(near, share)
    said = f"is {near:.2f} nearer in meaning than chance and has {share:.0%} of its telling words: together"
    return _told(best, together / bar, f"{said} {together:.2f}, where {bar:.2f} is needed")


def shipped(documents: int) -> float:
    """The bar of a base that has learned none: from LOWEST_BAR for a few documents up to BAR for many."""
    share = math.log(max(FEW, min(MANY, documents)) / FEW) / math.log(MANY / FEW)
    return LOWEST_BAR + share * (BAR - LOWEST_BAR)


def learned(reached: Sequence[float]) -> float:
    """The bar of an installation, from what the titles of its documents reached in other documents."""
    if len(reached) < ENOUGH:
        return BAR
    quarter = sorted(reached)[int(QUARTER * len(reached))]
    return min(HIGHEST_BAR, max(BAR, SHARE * quarter))


def _told(best: str, value: float, why: str) -> Fit:
    return Fit(value, f"{best} {why}")
