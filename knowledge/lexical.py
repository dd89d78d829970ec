"""Search by words: two tantivy indexes in memory, of documents by field and of short windows, built from
the passages.
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from knowledge.model import Passage
from knowledge.text.normalising import split_names
from knowledge.windows import name_words, windows

STEMMERS = {"en": "english", "fr": "french"}
# How much a word counts in each field of a document.
WEIGHTS = {"title": 2.0, "alerts": 2.0, "heading": 1.0, "body": 1.0}
# A question's rarest words decide; the rest of a long one only costs time.
MAX_TERMS = 96
# How much a word of the gloss counts: a term has several, of which a document needs one.
GLOSS = 0.5
# Stands where a document names nobody; no channel or person is called so.
EVERYBODY = "*"
Seers = frozenset[str] | None
_HEAP = 15_000_000
_DAY = re.compile(r"(?<![\d-])20\d\d-\d\d-\d\d(?!\d)")


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a document without reading it. `names`: its title and alerts in lower case.

    `access`: who may see it, everybody when empty. `source`: the folder and origin it came from. `title`: the
    stems of its title and name. `dated`: when it was reviewed last, or when its incident was.
    """

    first_passage: str
    kind: str
    service: str
    names: frozenset[str]
    access: tuple[str, ...] = ()
    language: str = "en"
    source: str = ""
    title: frozenset[str] = frozenset()
    dated: date | None = None


class LexicalIndex:
    """Holds the current passages; `update` brings it up to date. Thread-safe. About 25 MB at most for
    10,000 passages.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self.about: dict[str, About] = {}
        self.limits: frozenset[tuple[str, ...]] = frozenset()
        self._named: dict[str, set[str]] = defaultdict(set)
        self._in_titles: Counter[str] = Counter()
        self._analyzers = {language: _analyzer(name) for language, name in STEMMERS.items()}
        self._documents = self._index(WEIGHTS)
        self._windows = self._index({"body": 1.0})

    def _index(self, fields: Mapping[str, float]) -> Any:  # noqa: ANN401  # tantivy is loaded late
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("document", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("access", tokenizer_name="raw", index_option="basic")
        for field in fields:
            for language in STEMMERS:
                builder.add_text_field(f"{field}_{language}", tokenizer_name=language, index_option="freq")
        index = tantivy.Index(builder.build())
        for language, analyzer in self._analyzers.items():
            index.register_tokenizer(language, analyzer)
        return index

    def known(self) -> dict[str, str]:
        """Passage id -> document id of all that it holds."""
        with self._lock:
            return dict(self._known)

    def owner(self, passage_id: str) -> str | None:
        """The document of a passage that may be found; None for any other."""
        return self._known.get(passage_id)

    def named(self, names: Iterable[str]) -> set[str]:
        """The documents that have one of these names, in lower case, as title or alert."""
        return {document for name in names for document in tuple(self._named.get(name, ()))}

    def update(
        self,
        passages: Iterable[Passage],
        gone: Iterable[str],
        whole: Mapping[str, list[Passage]],
        reviewed: Mapping[str, date] | None = None,
    ) -> None:
        """Adds passages and drops others; `whole` holds every touched document's passages (none: it was
        removed), `reviewed` when some of them were.
        """
        with self._lock:
            writer = self._windows.writer(heap_size=_HEAP, num_threads=1)
            for passage_id in gone:
                writer.delete_documents_by_term("id", passage_id)
                self._known.pop(passage_id, None)
            for passage in passages:
                self._known[passage.id] = passage.document_id
                for text in windows(passage):
                    writer.add_document(_row(passage, {"body": text}))
            _finish(writer, self._windows)
            writer = self._documents.writer(heap_size=_HEAP, num_threads=1)
            for document_id, parts in whole.items():
                writer.delete_documents_by_term("document", document_id)
                if parts:
                    writer.add_document(_row(parts[0], _fields(parts)))
                self._know(document_id, parts, (reviewed or {}).get(document_id))
            _finish(writer, self._documents)
            self.limits = frozenset(one.access for one in self.about.values() if one.access)

    def _know(self, document_id: str, parts: list[Passage], reviewed: date | None) -> None:
        old = self.about.pop(document_id, None)
        if old is not None:
            self._in_titles.subtract(old.title)
            for name in old.names:
                self._named[name].discard(document_id)
        if parts:
            first = parts[0]
            words = self._words(f"{first.title} {name_words(first)}", _language(first))
            new = _about(first, frozenset(words), reviewed)
            self.about[document_id] = new
            self._in_titles.update(new.title)
            for name in new.names:
                self._named[name].add(document_id)

    def documents(self, text: str, limit: int, seen_by: Seers = None, gloss: str = "") -> dict[str, float]:
        """Document id -> BM25 over its fields, best first, of those that may be seen.

        `gloss`: what the text is called in English, looked for in English documents alone.
        """
        found = self._search(self._documents, text, gloss, WEIGHTS, limit, seen_by)
        return {row["document"][0]: score for score, row in found}

    def windows(
        self, text: str, limit: int, seen_by: Seers = None, gloss: str = ""
    ) -> dict[str, list[float]]:
        """Passage id -> BM25 of its windows, best first, of those that may be seen."""
        found: dict[str, list[float]] = defaultdict(list)
        for score, row in self._search(self._windows, text, gloss, {"body": 1.0}, limit, seen_by):
            found[row["id"][0]].append(score)
        return found

    def titles(self, text: str, documents: Iterable[str], gloss: str = "") -> dict[str, float]:
        """How well the words of some documents' titles are met by a text, rare ones weighing more."""
        asked = {language: set(self._asked(text, gloss, language)) for language in STEMMERS}
        found: dict[str, float] = {}
        for id in documents:
            one = self.about.get(id)
            met = asked.get(one.language, set()) & one.title if one else set()
            if one and met:
                whole = sum(self._rarity(word) for word in one.title)
                found[id] = sum(self._rarity(word) for word in met) / math.sqrt(whole)
        return found

    def _rarity(self, word: str) -> float:
        """How much a word of a title tells: one that every title has tells next to nothing."""
        frequency = self._in_titles[word]
        return math.log1p((len(self.about) - frequency + 0.5) / (frequency + 0.5))

    def coverage(self, text: str, document_id: str) -> float:
        """The share (0 to 1) of the question's words, rare ones weighing more, that the document has."""
        import tantivy

        searcher = self._documents.searcher()
        if not searcher.num_docs:
            return 0.0
        schema, best = self._documents.schema, 0.0
        here = tantivy.Query.term_query(schema, "document", document_id)
        for language in STEMMERS:
            total = met = 0.0
            for word in self._words(text, language):
                rows = [f"{field}_{language}" for field in WEIGHTS]
                frequency = max(searcher.doc_freq(field, word) for field in rows)
                weight = math.log1p((searcher.num_docs - frequency + 0.5) / (frequency + 0.5))
                total += weight
                if frequency:
                    words = [
                        (tantivy.Occur.Should, tantivy.Query.term_query(schema, field, word))
                        for field in rows
                    ]
                    both = [
                        (tantivy.Occur.Must, here),
                        (tantivy.Occur.Must, tantivy.Query.boolean_query(words)),
                    ]
                    met += weight * bool(searcher.search(tantivy.Query.boolean_query(both), 1).hits)
            best = max(best, met / total if total else 0.0)
        return best

    def _asked(self, text: str, gloss: str, language: str) -> dict[str, float]:
        """The words to look for in documents of a language, and how much each counts."""
        words = dict.fromkeys(self._words(text, language), 1.0)
        if gloss and language == "en":
            words |= dict.fromkeys(self._words(gloss, language), GLOSS)
        return words

    def _words(self, text: str, language: str) -> list[str]:
        return list(dict.fromkeys(self._analyzers[language].analyze(split_names(text))))[:MAX_TERMS]

    def _search(
        self,
        index: Any,  # noqa: ANN401  # tantivy is loaded late
        text: str,
        gloss: str,
        weights: Mapping[str, float],
        limit: int,
        seen_by: Seers,
    ) -> list[tuple[float, Any]]:
        import tantivy

        terms = []
        for language in STEMMERS:
            for word, share in self._asked(text, gloss, language).items():
                for field, weight in weights.items():
                    # Built from words, never parsed: nothing in a question is query syntax.
                    term = tantivy.Query.term_query(index.schema, f"{field}_{language}", word, "freq")
                    terms.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, share * weight)))
        if not terms:
            return []
        query = tantivy.Query.boolean_query(terms)
        if seen_by is not None:
            query = _within(index.schema, query, seen_by)
        searcher = index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        return [(score, searcher.doc(address)) for score, address in hits]


def _within(schema: Any, query: Any, seen_by: frozenset[str]) -> Any:  # noqa: ANN401  # tantivy is loaded late
    """The query among what may be seen; being allowed to see something makes it no better."""
    import tantivy

    allowed = [
        (tantivy.Occur.Should, tantivy.Query.term_query(schema, "access", one))
        for one in sorted({EVERYBODY, *seen_by})
    ]
    visible = tantivy.Query.boost_query(tantivy.Query.boolean_query(allowed), 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, visible)])


def _analyzer(stemmer: str) -> Any:  # noqa: ANN401  # tantivy is loaded late
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple())
    for step in (
        Filter.remove_long(60),
        Filter.lowercase(),
        Filter.stopword(stemmer),
        Filter.stemmer(stemmer),
    ):
        builder = builder.filter(step)
    return builder.filter(Filter.ascii_fold()).build()


def _row(passage: Passage, fields: Mapping[str, str]) -> Any:  # noqa: ANN401  # tantivy is loaded late
    import tantivy

    language = _language(passage)
    row = tantivy.Document()
    row.add_text("id", passage.id)
    row.add_text("document", passage.document_id)
    for one in passage.access or (EVERYBODY,):
        row.add_text("access", one)
    for field, text in fields.items():
        row.add_text(f"{field}_{language}", split_names(text))
    return row


def _language(passage: Passage) -> str:
    return passage.language if passage.language in STEMMERS else "en"


def _about(first: Passage, title: frozenset[str], reviewed: date | None) -> About:
    names = frozenset(name.strip().lower() for name in (first.title, *first.alerts))
    source = f"{first.origin}:{first.document_id.rpartition('/')[0]}"
    return About(
        first.id,
        first.kind,
        first.service.lower(),
        names,
        first.access,
        _language(first),
        source,
        title,
        reviewed or _date_in(first.document_id),
    )


def _date_in(document_id: str) -> date | None:
    """The day that an incident's id begins with, as 2026-01-31-... does."""
    found = _DAY.search(document_id)
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


def _fields(parts: list[Passage]) -> dict[str, str]:
    first = parts[0]
    headings = dict.fromkeys(title for part in parts for title in part.heading)
    return {
        "title": f"{first.title} {name_words(first)}",
        "alerts": " ".join(first.alerts),
        "heading": " ".join(headings),
        "body": "\n".join([*(part.text for part in parts), first.cause, first.service]),
    }


def _finish(writer: Any, index: Any) -> None:  # noqa: ANN401  # tantivy is loaded late
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
