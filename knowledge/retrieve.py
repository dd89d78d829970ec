"""Answers a question with passages: words and meaning are ranked apart, fused, and cut to what a reader can
use.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from knowledge.embeddings import Embedder
from knowledge.index import VectorIndex
from knowledge.lexical import About, LexicalIndex
from knowledge.model import Passage, Query, SearchResult
from knowledge.ranking import Ranking, best_two, fingerprint, fuse, grouped, mean_of, same, squash
from knowledge.text.normalising import normalise, split_names

PER_DOCUMENT = 2
# How many windows and documents each ranking brings; beyond that nothing was ever best.
FETCH_WINDOWS, FETCH_DOCUMENTS = 400, 200
MAX_CHARACTERS = 4000
# A question says several things, each of which a document may answer; more than these only cost time.
MAX_STATEMENTS, STATEMENT_WORDS = 8, 3
# In units of the mean z-score. The first is more than any text can reach.
EXACT_NAME, NAME_IN_TEXT, SAME_SERVICE, SECOND_PASSAGE = 8.0, 2.0, 0.5, 0.75
# Calibrated on alerts against their own and against other teams' runbooks, and on questions of daily life:
# the cosine above the embedder's floor, weighed, and the share of words met must reach FIT_BOTH together.
NEARNESS, FIT_BOTH, FIT_WORDS = 1.5, 0.42, 0.4

_STATEMENT = re.compile(r"(?<=[.!?:])\s+|\n+")
_LABEL = re.compile(r"(?<!\S)[\w.-]+=(?:\"[^\"]*\"|\S*)")
_NUMBER = re.compile(r"\b[\w.-]*\d[\w.:%-]*")
_NAME = re.compile(r"[A-Za-z0-9]+(?:[A-Z_][A-Za-z0-9]*)+")


@dataclass(frozen=True, slots=True)
class Dense:
    """An embedder with the index of its vectors."""

    embedder: Embedder
    index: VectorIndex


@dataclass(frozen=True, slots=True)
class _Question:
    meaning: str
    words: str
    alert: str
    names: frozenset[str]
    service: str


@dataclass(frozen=True, slots=True)
class _Scores:
    """What the rankings say: of passages, of documents, and the best cosine of each document."""

    passages: dict[str, float]
    documents: dict[str, float]
    cosine: dict[str, float]


def search(
    query: Query,
    k: int,
    lexical: LexicalIndex,
    dense: Dense | None,
    read: Callable[[Iterable[str]], dict[str, Passage]],
    complete: bool = True,
) -> SearchResult:
    """At most k passages, best first; `read` gives the current passages of some ids. `missing` is left to
    the caller. `complete`: no passage still waits for its vectors.
    """
    question = _question(query)
    about = {
        id: one
        for id, one in list(lexical.about.items())
        if (not query.kinds or one.kind in query.kinds) and query.may_see(one.access)
    }
    scores = _scores(question, lexical, dense, about, query.seen_by)
    if not scores.documents:
        return SearchResult((), False)
    order = sorted(scores.documents, key=lambda id: (-scores.documents[id], id))
    passages = _choose(order, scores, about, read, k)
    best = order[0]
    return SearchResult(
        tuple(passages),
        _fits(question, best, about[best], scores, lexical, dense, complete) and bool(passages),
    )


def _question(query: Query) -> _Question:
    text = normalise(query.text[: MAX_CHARACTERS * 4])[0][:MAX_CHARACTERS]
    alert = normalise(query.alert_name[:300])[0].strip()
    plain = f"{split_names(alert)}\n{_LABEL.sub(' ', text)}".strip()
    names = frozenset(name.lower() for name in _NAME.findall(text))
    # Numbers and generated names are what differs between two alerts of one kind.
    words = _NUMBER.sub(" ", plain)
    return _Question(
        plain, words if words.strip() else plain, alert.lower(), names, query.service.strip().lower()
    )


def _scores(
    question: _Question,
    lexical: LexicalIndex,
    dense: Dense | None,
    about: dict[str, About],
    seen_by: frozenset[str] | None,
) -> _Scores:
    owners = lexical.known()

    def owner(passage_id: str) -> str | None:
        document = owners.get(passage_id)
        return document if document in about else None

    fields = lexical.documents(question.words, FETCH_DOCUMENTS, seen_by)
    by_field = {id: score for id, score in fields.items() if id in about}
    word_windows = lexical.windows(question.words, FETCH_WINDOWS, seen_by)
    by_window = {id: best_two(values) for id, values in grouped(word_windows, owner).items()}
    of_documents = [Ranking(by_field, 0.0), Ranking(by_window, 0.0)]
    of_passages = [Ranking({id: max(values) for id, values in word_windows.items() if owner(id)}, 0.0)]
    cosine: dict[str, float] = {}
    if dense is not None:
        vector, *others = dense.embedder.embed([question.meaning, *_statements(question.meaning)])
        limits = {one.access for one in about.values() if one.access}
        index = dense.index
        near = _by_passage(index.query("windows", vector, FETCH_WINDOWS, limits))
        titles = _by_passage(index.query("titles", vector, FETCH_DOCUMENTS, limits))
        by_meaning = _best_of(near, owner)
        by_title = _best_of(titles, owner)
        said = [
            _best_of(_by_passage(index.query("windows", one, FETCH_WINDOWS, limits)), owner) for one in others
        ]
        cosine = {
            id: max(by_meaning.get(id, -1.0), by_title.get(id, -1.0)) for id in {*by_meaning, *by_title}
        }
        of_documents += [Ranking(mean_of(said or [by_meaning])), Ranking(by_title)]
        of_passages.append(Ranking({id: max(values) for id, values in near.items() if owner(id)}))
    documents = fuse(of_documents, {id for ranking in of_documents for id in ranking.scores})
    for id, one in about.items():
        bonus = _bonus(question, one)
        if id in documents or bonus >= NAME_IN_TEXT:
            documents[id] = documents.get(id, 0.0) + bonus
    passages = fuse(of_passages, {id for ranking in of_passages for id in ranking.scores})
    return _Scores(passages, documents, cosine)


def _statements(meaning: str) -> list[str]:
    """The sentences and lines of a question that say something; none where it is but one."""
    parts = [part for part in _STATEMENT.split(meaning) if len(part.split()) >= STATEMENT_WORDS]
    return parts[:MAX_STATEMENTS] if len(parts) > 1 else []


def _by_passage(hits: list[tuple[str, float]]) -> dict[str, list[float]]:
    """Vector ids are a passage's id, a bar and a number."""
    found: dict[str, list[float]] = defaultdict(list)
    for id, value in hits:
        found[id.rpartition("|")[0]].append(value)
    return found


def _best_of(passages: dict[str, list[float]], owner: Callable[[str], str | None]) -> dict[str, float]:
    """The best value that any part of each document has."""
    return {id: max(values) for id, values in grouped(passages, owner).items()}


def _bonus(question: _Question, one: About) -> float:
    bonus = SAME_SERVICE if question.service and question.service == one.service else 0.0
    if question.alert and question.alert in one.names:
        return bonus + EXACT_NAME
    return bonus + (NAME_IN_TEXT if question.names & one.names else 0.0)


def _choose(
    order: list[str],
    scores: _Scores,
    about: dict[str, About],
    read: Callable[[Iterable[str]], dict[str, Passage]],
    k: int,
) -> list[Passage]:
    """The best passages of the best documents, two of one document at most, none saying what another says."""
    ranked: list[tuple[float, str]] = []
    by_document: dict[str, list[str]] = defaultdict(list)
    shown = order[: 4 * k]
    owners = set(shown)
    for id in scores.passages:
        document = id.rpartition("#")[0]
        if document in owners:
            by_document[document].append(id)
    for document in shown:
        parts = sorted(by_document[document], key=lambda id: (-scores.passages[id], id)) or [
            about[document].first_passage
        ]
        for place, id in enumerate(parts[:PER_DOCUMENT]):
            ranked.append((scores.documents[document] - place * SECOND_PASSAGE, id))
    ranked.sort(key=lambda entry: (-entry[0], entry[1]))
    passages = read([id for _, id in ranked])
    chosen: list[Passage] = []
    prints: list[tuple[str, frozenset[tuple[str, ...]]]] = []
    for score, id in ranked:
        if len(chosen) == k:
            break
        passage = passages.get(id)
        if passage is None:
            continue
        mark = fingerprint(passage)
        if not any(same(mark, other) for other in prints):
            prints.append(mark)
            chosen.append(replace(passage, score=round(squash(score), 4)))
    return chosen


def _fits(
    question: _Question,
    best: str,
    one: About,
    scores: _Scores,
    lexical: LexicalIndex,
    dense: Dense | None,
    complete: bool,
) -> bool:
    """Whether the best document has anything to do with the question."""
    if question.alert in one.names or question.names & one.names:
        return True
    coverage = lexical.coverage(question.words, best)
    if dense is None or (not complete and best not in scores.cosine):
        return coverage >= FIT_WORDS
    near = scores.cosine.get(best, 0.0) - dense.embedder.floor
    return near > 0.0 and NEARNESS * near + coverage >= FIT_BOTH
