"""What each way of searching says of documents and passages: one ranking a signal, before they are fused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from knowledge.embeddings import Embedder
from knowledge.index import VectorIndex
from knowledge.lexical import About, LexicalIndex
from knowledge.model import Query
from knowledge.question import Question
from knowledge.ranking import Ranking, best_two, grouped, mean_of

# How many windows and documents each ranking brings; beyond that nothing was ever best.
FETCH_WINDOWS, FETCH_DOCUMENTS = 400, 200

# What each signal counts. Leaving one source out, four of five choose a little more for these two, and
# anything from
# 1.2 to 1.5 is the same; all alike is as good within the bounds of chance.
WEIGHTS: Mapping[str, float] = {
    "fields": 1.25,
    "windows": 1.0,
    "title words": 1.0,
    "statements": 1.25,
    "whole": 1.0,
    "titles": 1.0,
    "gloss": 1.0,
}


@dataclass(frozen=True, slots=True)
class Dense:
    """An embedder with the index of its vectors."""

    embedder: Embedder
    index: VectorIndex


@dataclass(frozen=True, slots=True)
class Signals:
    """`documents`, `passages`: a ranking of each for each signal. `cosine`: the best of each document."""

    documents: Mapping[str, Ranking]
    passages: Mapping[str, Ranking]
    cosine: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """What may be looked at to answer one query."""

    query: Query
    lexical: LexicalIndex
    _known: dict[str, About | None] = field(default_factory=dict)

    def about(self, document: str) -> About | None:
        """What is known of a document, None for one that must not be seen or is not asked for."""
        if document not in self._known:
            one = self.lexical.about.get(document)
            wanted = one and (not self.query.kinds or one.kind in self.query.kinds)
            self._known[document] = one if one and wanted and self.query.may_see(one.access) else None
        return self._known[document]

    def owner(self, passage: str) -> str | None:
        """The document of a passage, None unless it may be seen."""
        document = self.lexical.owner(passage)
        return document if document is not None and self.about(document) else None


def listen(question: Question, seen: Seen, dense: Dense | None) -> Signals:
    """Ask every index. The limits of who may see what are applied inside each, before anything is ranked."""
    documents, passages = _by_words(question, seen)
    cosine: dict[str, float] = {}
    if dense is not None:
        more, meant, cosine = _by_meaning(question, seen, dense)
        documents |= more
        passages |= meant
    candidates = {id for ranking in documents.values() for id in ranking.scores}
    documents["title words"] = Ranking(seen.lexical.titles(question.words, candidates, question.gloss), 0.0)
    return Signals(documents, passages, cosine)


def _by_words(question: Question, seen: Seen) -> tuple[dict[str, Ranking], dict[str, Ranking]]:
    lexical, readers = seen.lexical, seen.query.seen_by
    fields = lexical.documents(question.words, FETCH_DOCUMENTS, readers, question.gloss)
    windows = lexical.windows(question.words, FETCH_WINDOWS, readers, question.gloss)
    of_documents = {
        "fields": Ranking({id: score for id, score in fields.items() if seen.about(id)}, 0.0),
        "windows": Ranking({id: best_two(all_) for id, all_ in grouped(windows, seen.owner).items()}, 0.0),
    }
    best = {id: max(values) for id, values in windows.items() if seen.owner(id)}
    return of_documents, {"windows": Ranking(best, 0.0)}


def _by_meaning(
    question: Question, seen: Seen, dense: Dense
) -> tuple[dict[str, Ranking], dict[str, Ranking], dict[str, float]]:
    limits = {access for access in seen.lexical.limits if seen.query.may_see(access)}
    asked = [question.meaning, *question.statements, *([question.gloss] if question.gloss else [])]
    vectors = dense.embedder.embed(asked)

    def near(part: str, place: int, limit: int) -> dict[str, list[float]]:
        return _by_passage(dense.index.query(part, vectors[place], limit, limits))

    whole = near("windows", 0, FETCH_WINDOWS)
    of_whole, of_title = _best_of(whole, seen.owner), _best_of(near("titles", 0, FETCH_DOCUMENTS), seen.owner)
    said = [
        _best_of(near("windows", place, FETCH_WINDOWS), seen.owner)
        for place in range(1, 1 + len(question.statements))
    ]
    of_documents = {
        "statements": Ranking(mean_of(said or [of_whole])),
        "whole": Ranking(of_whole),
        "titles": Ranking(of_title),
    }
    of_passages = {"whole": Ranking({id: max(values) for id, values in whole.items() if seen.owner(id)})}
    if question.gloss:
        glossed = near("windows", len(asked) - 1, FETCH_WINDOWS)
        of_documents["gloss"] = Ranking(_best_of(glossed, seen.owner))
        of_passages["gloss"] = Ranking({id: max(values) for id, values in glossed.items() if seen.owner(id)})
    cosine: dict[str, float] = {}
    for ranking in (of_whole, of_title, of_documents["gloss"].scores if question.gloss else {}):
        for id, value in ranking.items():
            cosine[id] = max(value, cosine.get(id, -1.0))
    return of_documents, of_passages, cosine


def _by_passage(hits: list[tuple[str, float]]) -> dict[str, list[float]]:
    """Vector ids are a passage's id, a bar and a number."""
    found: dict[str, list[float]] = defaultdict(list)
    for id, value in hits:
        found[id.rpartition("|")[0]].append(value)
    return found


def _best_of(passages: dict[str, list[float]], owner: Callable[[str], str | None]) -> dict[str, float]:
    """The best value that any part of each document has."""
    return {id: max(values) for id, values in grouped(passages, owner).items()}
