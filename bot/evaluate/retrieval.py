"""How well search finds the right document: each source is a knowledge base of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from bot.errors import BadInput
from bot.evaluate.lines import Line, read_lines
from knowledge.base import KnowledgeBase
from knowledge.model import Passage
from knowledge.model import Query as Question

DEPTH = 10
PASSAGES = 4 * DEPTH
"""Enough passages for ten documents, as one document gives two at most and copies collapse."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `relevant` are ids of documents as the ranking names them, none: it is not scored."""

    id: str
    text: str
    source: str
    relevant: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A query's documents, best first, ten at most, each with its score."""

    query: Query
    ranking: tuple[tuple[str, float], ...]

    @property
    def place(self) -> int:
        """Where the first relevant document stands, from 1; 0 when it is not among the ten."""
        found = [place for place, (id, _) in enumerate(self.ranking, 1) if id in self.query.relevant]
        return found[0] if found else 0


@dataclass
class Report:
    """What was found; the means over sources count each source alike."""

    ranked: list[Ranked] = field(default_factory=list)
    documents: int = 0
    notes: list[str] = field(default_factory=list)

    def by_source(self) -> dict[str, dict[str, float]]:
        """The scores of each source's own queries."""
        places: dict[str, list[int]] = {}
        for one in self.ranked:
            if one.query.relevant:
                places.setdefault(one.query.source, []).append(one.place)
        return {source: _scores(found) for source, found in sorted(places.items())}

    def summary(self) -> dict[str, object]:
        """The one object that `--json` prints."""
        sources = self.by_source()
        names = ("recall@1", "recall@5", "mrr@10")
        means = {name: fmean(s[name] for s in sources.values()) if sources else None for name in names}
        scored = sum(1 for one in self.ranked if one.query.relevant)
        return {
            "queries": len(self.ranked),
            "scored": scored,
            "documents": self.documents,
            **means,
            "sources": sources,
            "notes": self.notes,
        }


def evaluate(corpus: Path, queries: Path, progress: Progress = lambda _: None) -> Report:
    """Ask every query of the product's own search, with a model and an index as `serve` has them.

    Raises:
        BadInput: a file or folder is missing, or a line is wrong; the message names it.
    """
    if not corpus.is_dir():
        raise BadInput(f"{corpus}: there is no such folder.")
    asked = read_queries(queries)
    report = Report()
    for source in sorted({query.source for query in asked}):
        own = [query for query in asked if query.source == source]
        _ask_all(_folder(corpus, source), own, report, progress)
    order = {query.id: place for place, query in enumerate(asked)}
    report.ranked.sort(key=lambda one: order[one.query.id])
    return report


def rankings(report: Report) -> list[Mapping[str, object]]:
    """The lines of the file that `--rankings` writes."""
    return [
        {
            "id": one.query.id,
            "ranking": [{"document": id, "score": score} for id, score in one.ranking],
        }
        for one in report.ranked
    ]


def read_queries(path: Path) -> list[Query]:
    """The queries of a file in order. Raises BadInput."""
    return [_query(line) for line in read_lines(path)]


def _query(line: Line) -> Query:
    text, source = line.text("query_text"), line.text("source", "")
    return Query(line.text("id"), text, source, frozenset(line.texts("relevant")))


def _folder(corpus: Path, source: str) -> tuple[Path, str]:
    """Where a source's documents lie, and what stands before their ids."""
    if not source:
        return corpus, ""
    if Path(source).name == source and (corpus / source).is_dir():
        return corpus / source, f"{source}/"
    if corpus.resolve().name == source:
        return corpus, ""
    raise BadInput(f"{corpus}: has no folder {source!r}, which is the source of a query.")


def _ask_all(place: tuple[Path, str], queries: Sequence[Query], report: Report, progress: Progress) -> None:
    folder, prefix = place
    with (
        tempfile.TemporaryDirectory(prefix="vigie-eval-") as store,
        KnowledgeBase.open(Path(store), owner=True) as base,
    ):
        base.warm()
        outcome = base.ingest(
            [folder], progress=lambda done, total, _: progress(f"{folder.name}: {done}/{total} documents")
        )
        report.notes += [f"{bad.path}: {bad.reason}" for bad in (*outcome.failed, *outcome.quarantined)]
        if (vectors := base.health()["vectors"]) != "ready":
            report.notes.append(str(vectors))
        report.documents += len(base.documents())
        for number, query in enumerate(queries, start=1):
            progress(f"{folder.name}: {number}/{len(queries)} queries")
            report.ranked.append(_ask(base, query, prefix))


def _ask(base: KnowledgeBase, query: Query, prefix: str) -> Ranked:
    relevant = query.relevant
    if query.source and not prefix:
        relevant = frozenset(id.removeprefix(f"{query.source}/") for id in relevant)
    found = base.search(Question(query.text), PASSAGES)
    ranking = _documents(found.passages, prefix)
    return Ranked(Query(query.id, query.text, query.source, relevant), ranking)


def _documents(passages: Sequence[Passage], prefix: str) -> tuple[tuple[str, float], ...]:
    """The documents of some passages, each once, in the order of its best passage."""
    best: dict[str, float] = {}
    for passage in passages:
        best.setdefault(f"{prefix}{passage.document_id}", passage.score)
    return tuple(list(best.items())[:DEPTH])


def _scores(places: Sequence[int]) -> dict[str, float]:
    return {
        "queries": float(len(places)),
        "recall@1": fmean(place == 1 for place in places),
        "recall@5": fmean(0 < place <= 5 for place in places),
        "mrr@10": fmean(1 / place if place else 0.0 for place in places),
    }
