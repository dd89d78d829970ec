"""What a model is asked in words, what it may cite, and what of its answer stands on a source."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.spending import Purpose

_CITED = re.compile(r"\[([A-Z]\d{1,4}(?:\s*[,;]\s*[A-Z]\d{1,4})*)\]")
_ID = re.compile(r"[A-Z]\d{1,4}")
# Citations stand before or after the full stop; a sentence ends after them.
_END = re.compile(r"(?<=[.!?…])\s+(?!\[)|(?<=\])\s+(?=[^\W\d_a-zß-ÿ])|\n+")


@dataclass(frozen=True, slots=True)
class Source:
    """What may be cited. `id` is T (a recorded event), D (a decision on alerts), E (evidence), R (read for a
    question) or P (a passage) with a number.

    `opens` is the passage behind it; `service` the one that it is about, where it says so.
    """

    id: str
    text: str
    at: datetime | None = None
    kind: str = "event"
    opens: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How much one question may read: so many checks, within so many seconds in all.

    A reading that was asked for less than `again_after_s` seconds ago is shown with its age, not made again.
    """

    checks: int = 3
    within_s: float = 20.0
    again_after_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What was asked before in the same thread, and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Task:
    """One question in words: the prompt's name, whose it is, and all that the answer may rest on.

    `language` is the asker's, "en" or "fr". `earlier` has the oldest turn first.
    """

    prompt: str
    purpose: Purpose
    language: str
    question: str
    sources: Sequence[Source]
    earlier: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, not judged yet; `sent` are the ids that it saw."""

    text: str
    sent: frozenset[str]
    model: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence with the sources it names that it was given; with none it stands on nothing."""

    text: str
    citations: tuple[str, ...]


def sentences_of(text: str, known: Collection[str]) -> list[Sentence]:
    """The text, sentence by sentence, without its marks; a source that the model never saw does not count."""
    found = []
    for part in _END.split(text):
        ids = dict.fromkeys(i for group in _CITED.findall(part) for i in _ID.findall(group) if i in known)
        words = " ".join(_CITED.sub("", part).split()).replace(" .", ".").replace(" ,", ",")
        if words.strip(" -*#.·•"):
            found.append(Sentence(words, tuple(ids)))
    return found
