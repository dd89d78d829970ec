"""Which passages are shown: two of one document at most, none that says what another says, and no source
with all
the places.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from knowledge.lexical import About
from knowledge.model import Passage
from knowledge.ranking import fingerprint, same, squash

PER_DOCUMENT = 2
# In units of the mean z-score: what the second passage of a document is worth less than its first.
SECOND_PASSAGE = 0.75
# The share of the places that documents of one folder and origin may take while others have something to say.
PER_SOURCE = 0.6
# Others have something to say when their document stands above the mean of all that was found.
WORTH_A_PLACE = 0.0

Read = Callable[[Iterable[str]], dict[str, Passage]]


def choose(
    order: Sequence[str],
    documents: Mapping[str, float],
    passages: Mapping[str, float],
    about: Callable[[str], About | None],
    read: Read,
    k: int,
) -> list[Passage]:
    """The k best passages of the best documents, in their order."""
    ranked = _ranked(order[: 4 * k], documents, passages, about)
    distinct = list(_distinct(ranked, read))
    kept = _spread([passage for _, passage in distinct], documents, about, k)
    return [
        replace(passage, score=round(squash(score), 4)) for score, passage in distinct if passage.id in kept
    ]


def _ranked(
    shown: Sequence[str],
    documents: Mapping[str, float],
    passages: Mapping[str, float],
    about: Callable[[str], About | None],
) -> list[tuple[float, str]]:
    owners = set(shown)
    by_document: dict[str, list[str]] = defaultdict(list)
    for id in passages:
        document = id.rpartition("#")[0]
        if document in owners:
            by_document[document].append(id)
    ranked: list[tuple[float, str]] = []
    for document in shown:
        parts = sorted(by_document[document], key=lambda id: (-passages[id], id))
        one = about(document)
        if not parts and one is not None:
            parts = [one.first_passage]
        for place, id in enumerate(parts[:PER_DOCUMENT]):
            ranked.append((documents[document] - place * SECOND_PASSAGE, id))
    return sorted(ranked, key=lambda entry: (-entry[0], entry[1]))


def _distinct(ranked: Sequence[tuple[float, str]], read: Read) -> Iterable[tuple[float, Passage]]:
    """Without those that say what a better one says."""
    passages = read([id for _, id in ranked])
    prints: list[tuple[str, frozenset[tuple[str, ...]]]] = []
    for score, id in ranked:
        passage = passages.get(id)
        if passage is None:
            continue
        mark = fingerprint(passage)
        if not any(same(mark, other) for other in prints):
            prints.append(mark)
            yield score, passage


def _spread(
    passages: Sequence[Passage],
    documents: Mapping[str, float],
    about: Callable[[str], About | None],
    k: int,
) -> set[str]:
    """The ids of k passages: those beyond a source's share wait until nobody else has something to say."""
    most = max(1, round(PER_SOURCE * k))
    taken: Counter[str] = Counter()
    kept: list[str] = []
    waiting: list[str] = []
    for passage in passages:
        one = about(passage.document_id)
        source = one.source if one else ""
        if len(kept) < k and taken[source] < most and (taken[source] or _is_worth(passage, documents)):
            taken[source] += 1
            kept.append(passage.id)
        else:
            waiting.append(passage.id)
    return {*kept, *waiting[: k - len(kept)]}


def _is_worth(passage: Passage, documents: Mapping[str, float]) -> bool:
    return documents.get(passage.document_id, 0.0) > WORTH_A_PLACE
