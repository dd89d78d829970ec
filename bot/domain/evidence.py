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

    @property
    def shown(self) -> str:
        """Title, typed facts and text as a model sees them, before they are fenced."""
        known = [(name, self.facts.get(name)) for name in ("service", "cause", "actions", "tool", "verdict")]
        value = self.facts.get("value")
        if value is not None:
            known.append(("value", f"{value} {self.facts.get('unit') or ''}"))
        facts = "; ".join(f"{name}: {_words(value)}" for name, value in known if value)
        head = f"{self.title[:200]} ({self.at:%Y-%m-%d %H:%M} UTC)"
        return "\n".join(part for part in (head, facts, self.text) if part)


def _words(value: object) -> str:
    words = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return " ".join(words.split())[:200]
