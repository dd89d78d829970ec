"""Learns from an installation's own documents what must be reached before something is said to fit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from knowledge.fitting import MANY, evidence, learned, named, shipped, weigh

if TYPE_CHECKING:
    from knowledge.retrieve import Heard

# Fewer documents say little of each other, and the bar as shipped was right for such bases.
FROM_DOCUMENTS = MANY
# So many titles are asked, evenly spread over the documents by id; each costs as much as a search.
TITLES = 64
# It is learned anew when there are so many more or fewer documents.
CHANGED = 0.25
_SCALE = 1000


class Numbers(Protocol):
    """Keeps whole numbers by name, as the document store does."""

    def value(self, name: str) -> int: ...

    def keep(self, values: Mapping[str, int]) -> None: ...


@dataclass(frozen=True, slots=True)
class Learned:
    """A bar in thousandths, of how many documents, in which vector index."""

    bar: int = 0
    documents: int = 0
    index: int = 0


class LearnedBar:
    """The bar of one base. It holds for the vector index that it was learned in: other models measure
    otherwise.
    """

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._learned = Learned()

    def read(self) -> None:
        """Take what is kept, whoever learned it."""
        value = self._numbers.value
        self._learned = Learned(value("bar"), value("bar_documents"), value("bar_index"))

    def of(self, index: str, documents: int) -> float:
        """The bar for answers of a vector index, by its name, among so many documents."""
        kept = self._learned
        is_known = kept.bar and kept.index == _number(index) and documents >= FROM_DOCUMENTS
        return kept.bar / _SCALE if is_known else shipped(documents)

    def is_due(self, index: str, documents: int) -> bool:
        """Whether it has to be learned, or learned anew."""
        kept = self._learned
        if documents < FROM_DOCUMENTS:
            return False
        return kept.index != _number(index) or abs(documents - kept.documents) > CHANGED * kept.documents

    def keep(self, index: str, documents: int, bar: float) -> None:
        """Note what was learned."""
        self._learned = Learned(round(bar * _SCALE), documents, _number(index))
        kept = self._learned
        self._numbers.keep({"bar": kept.bar, "bar_documents": kept.documents, "bar_index": kept.index})


def bar_of(documents: Sequence[str], ask: Callable[[str], Heard]) -> float:
    """The bar for the documents of these ids: the titles of some are asked, and each document left out of its
    answer.

    `ask`: what every signal says of the title of a document.
    """
    some = [documents[number * len(documents) // TITLES] for number in range(TITLES)]
    return learned([value for id in some if (value := reached(ask(id), id)) is not None])


def reached(heard: Heard, without: str) -> float | None:
    """What the best other document shows; None where it has the very name, or where there is no other."""
    order = heard.order({without})
    if heard.dense is None or not order or named(heard.question, order[:1], heard.seen):
        return None
    return weigh(*evidence(heard.question, order[0], heard.seen, heard.signals, heard.dense))


def _number(index: str) -> int:
    """The name as a number that every database can keep."""
    return int.from_bytes(hashlib.sha256(index.encode()).digest()[:7], "big")
