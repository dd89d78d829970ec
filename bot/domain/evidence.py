"""Evidence is what a diagnosis may cite: numbered, time-stamped, content-addressed, and untrusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

READ_FOR_A_QUESTION = "R"
"""Begins the number of what was read because somebody asked. It stays through all rounds: R1, R2, ..."""


class EvidenceKind(StrEnum):
    ALERT = "alert"
    PASSAGE = "passage"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence of an incident.

    `id` is unique within the incident ("E3"); `source` is what opens it again (a passage id, a check run, an
    alert); `facts` are typed fields of the source (a passage's cause and actions, a check's verdict).
    """

    id: str
    kind: EvidenceKind
    title: str
    text: str
    source: str
    at: datetime
    digest: str
    facts: dict[str, object]

    @property
    def is_of_a_question(self) -> bool:
        """Whether it was read for somebody's question, not for a round's diagnosis."""
        return self.id.startswith(READ_FOR_A_QUESTION)

    @property
    def given(self) -> str:
        """The arguments of a check, as they stand behind its name; empty where it had none."""
        arguments = self.facts.get("arguments")
        values = arguments.values() if isinstance(arguments, dict) else ()
        return f" ({', '.join(map(str, values))})" if values else ""
