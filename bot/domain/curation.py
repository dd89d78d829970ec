"""What people do for the knowledge base: what they saved, took back, voted, missed, and have to look at."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MOST_QUESTIONS = 500
"""So many open questions are kept; the oldest of those that were asked once make room."""
_LEARNED = "learned/incident-"
_ALIKE = 0.75
_EMPTY = (
    "a an and are at be do does for from how i in is it my of on or our the there this to we what when where"
    " which who why with you au aux ce ces comment dans de des du en est et il je la le les ma mes mon nos"
    " notre nous on ou par pas pour pourquoi quand que quel quelle qui quoi sont sur un une vous"
)
_EMPTY_WORDS = frozenset(_EMPTY.split())


def learned_id(incident_id: int) -> str:
    """The id of the document that an incident becomes."""
    return f"{_LEARNED}{incident_id}"


def learned_from(document_id: str) -> int | None:
    """The incident from which a document was learned."""
    number = document_id.removeprefix(_LEARNED)
    is_learned = document_id.startswith(_LEARNED) and number.isascii() and number.isdigit()
    return int(number) if is_learned and len(number) <= 15 else None


@dataclass(frozen=True, slots=True)
class Wording:
    """A text that a person wants to save. `access`: who may see it, by ids; all if empty."""

    title: str
    kind: str
    text: str
    service: str = ""
    language: str = "en"
    access: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from, and where its writer is told; `question` is the one that it answers."""

    channel: str
    thread_ts: str = ""
    question: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A text that a person confirmed. It is in the knowledge base once `learned_at` is set."""

    id: int
    document_id: str
    wording: Wording
    by: str
    at: datetime
    origin: Origin
    learned_at: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """A document that somebody took out: it is out once `done_at` is set, back once `undone_at` is."""

    id: int
    document_id: str
    title: str
    by: str
    why: str
    at: datetime
    done_at: datetime | None = None
    undone_at: datetime | None = None
    undone_by: str = ""

    @property
    def is_in_force(self) -> bool:
        return self.undone_at is None


@dataclass(frozen=True, slots=True)
class Votes:
    """What people said of a document: how many find it useful and how many do not, and why not."""

    useful: int = 0
    not_useful: int = 0
    reasons: tuple[str, ...] = ()


class QuestionState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Question:
    """A question that found no answer, and how often it was asked. `access`: who may know of it."""

    id: int
    text: str
    access: tuple[str, ...]
    asked: int
    first_at: datetime
    last_at: datetime
    last_by: str
    state: QuestionState = QuestionState.OPEN
    document_id: str = ""
    settled_by: str = ""

    def is_answered_for(self, access: Collection[str]) -> bool:
        """Whether all who may know of it may see a document with that limit."""
        return not access or (bool(self.access) and set(self.access) <= set(access))

    def is_known_to(self, readers: Collection[str]) -> bool:
        return not self.access or not set(readers).isdisjoint(self.access)


class StrikeKind(StrEnum):
    """What an incident says against a document that was cited in it."""

    ANOTHER_CAUSE = "another cause"
    ACTION_FAILED = "its action failed"


@dataclass(frozen=True, slots=True)
class Strike:
    document_id: str
    incident_id: int
    kind: StrikeKind
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """A document that somebody should look at, since when and why; told once, or later if they wish so."""

    document_id: str
    title: str
    reasons: tuple[str, ...]
    addressee: str
    since: datetime
    told_at: datetime | None = None
    later_until: datetime | None = None

    def waits(self, now: datetime) -> bool:
        """Whether its owner is still to be told, or told again as they asked."""
        if self.later_until is not None:
            return self.later_until <= now
        return self.told_at is None


@dataclass(frozen=True, slots=True)
class UpkeepRule:
    """When documents are to be looked at again. `owners`: an owner as a front matter says -> a Slack id."""

    every_days: int = 180
    digest_every: timedelta = timedelta(days=7)
    later: timedelta = timedelta(days=28)
    owners: Mapping[str, str] | None = None


SMOOTHING = 6
"""As many people who say nothing stand beside those who vote, so that one vote moves little."""


def usefulness(useful: int, not_useful: int) -> float:
    """Between -1 and 1: what retrieval may make of what so many people said of a document."""
    return (useful - not_useful) / (useful + not_useful + SMOOTHING)


def words_of(question: str) -> frozenset[str]:
    """The words that make a question what it is: no case, no accents, no words that every question has."""
    plain = unicodedata.normalize("NFKD", question.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = re.findall(r"[^\W_]+", plain)
    return frozenset(word for word in found if word not in _EMPTY_WORDS) or frozenset(found)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two questions, as their words, are the same one asked twice."""
    if not one or not other:
        return one == other
    return len(one & other) / len(one | other) >= _ALIKE
