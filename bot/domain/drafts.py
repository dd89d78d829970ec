"""A text for people that a model or the rows have drafted: edited and posted by a person, or left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.person import Person


class DraftKind(StrEnum):
    CATCHUP = "catchup"
    UPDATE = "update"
    POSTMORTEM = "postmortem"


@dataclass(frozen=True, slots=True)
class NewDraft:
    """`model` and `prompt` are empty where the rows alone wrote it; `note` says what a reader must know."""

    kind: DraftKind
    incident_id: int
    person: Person
    language: str
    text: str
    model: str = ""
    prompt: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft as it is kept; `text` is what was posted, once it was."""

    id: int
    kind: DraftKind
    incident_id: int
    person: Person
    language: str
    text: str
    model: str
    prompt: str
    note: str
    made_at: datetime
    posted_at: datetime | None = None
    posted_by: str = ""
