"""Numbers evidence E1, E2, ... as it comes: typed, time-stamped, content-addressed, and never too long."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from bot.domain.chart import apart
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.records import CheckRun, SeenAlert
from bot.stages.reducing import reduced
from bot.stages.words import inert
from knowledge.model import Passage
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact

MAX_TEXT, MAX_WHERE = 4000, 300
NO_VALUE = "it has no value to read."
"""What is said of a check that is read for its text alone; nothing is missing then."""
WITHHELD = "[withheld: it holds a private key]"


class Numbering:
    """The evidence of one round. `wholes` has the texts that were too long for it, by their digest."""

    def __init__(self, letter: str = "E", after: int = 0) -> None:
        """Numbers begin behind `after`."""
        self._letter, self._after = letter, after
        self.pieces: list[Evidence] = []
        self.wholes: dict[str, str] = {}

    def alert(self, alert: SeenAlert, where: str = "") -> Evidence:
        """That it fired; `where` says which one of several alike alerts it is."""
        labels = ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()))
        text = f"{alert.summary}\n{alert.description}\n{labels}"
        facts: dict[str, object] = {"name": alert.name, "severity": alert.severity.word}
        if where:
            facts["where"] = where[:MAX_WHERE]
        return self._add(EvidenceKind.ALERT, alert.name, text, f"alert:{alert.id}", alert.first_at, facts)

    def check(self, run: CheckRun, now: datetime, runner: str = "", problem: str = "") -> Evidence:
        """What a check gave. That one gave nothing, and why (`problem`), is evidence too."""
        if run.result is None:
            facts: dict[str, object] = {"tool": run.tool, "verdict": "unknown", "value": None, "unit": ""}
            facts["problem"] = problem = problem or "it did not end in time."
            text = f"It could not be read: {problem}"
        else:
            facts = {
                "tool": run.tool,
                "verdict": run.result.verdict.value,
                "value": run.result.value,
                "unit": run.result.unit,
                "problem": run.result.problem,
            }
            # Points are for the eye: as text they would push out all else. The run keeps them.
            output, chart = apart(run.result.output)
            text = f"{run.result.told}\n{output}"
            if chart is not None and runner == "prometheus":
                facts["chart"] = chart.digest
        if runner:
            facts["runner"] = runner
        if run.arguments:
            facts["arguments"] = dict(run.arguments)
        return self._add(EvidenceKind.CHECK, run.tool, text, f"check:{run.id}", run.ended_at or now, facts)

    def passage(self, passage: Passage, now: datetime) -> Evidence:
        """A passage; one that is there already keeps its number."""
        known = next((piece for piece in self.pieces if piece.source == passage.id), None)
        return known or self._add(
            EvidenceKind.PASSAGE, _title(passage), passage.text, passage.id, now, _facts(passage, now.date())
        )

    def of_source(self, source: str) -> Evidence | None:
        """The piece that came from this alert, run or passage."""
        return next((piece for piece in self.pieces if piece.source == source), None)

    def get(self, name: str) -> Evidence | None:
        return next((piece for piece in self.pieces if piece.id == name), None)

    def whole(self, piece: Evidence) -> str:
        """All that was read, also where the piece itself was shortened."""
        return self.wholes.get(piece.digest, piece.text)

    def _add(
        self, kind: EvidenceKind, title: str, text: str, source: str, at: datetime, facts: dict[str, object]
    ) -> Evidence:
        # Cleaned at its entrance already; what slipped through there must not reach a model or a reader.
        clean = redact(normalise(text)[0])
        text = WITHHELD if clean.private_key else clean.text
        name = f"{self._letter}{self._after + len(self.pieces) + 1}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        if len(text) > MAX_TEXT:
            self.wholes[digest] = text
            facts["size"] = len(text)
        piece = Evidence(name, kind, title, reduced(text, MAX_TEXT, name), source, at, digest, facts)
        self.pieces.append(piece)
        return piece


def unread(pieces: Sequence[Evidence]) -> list[str]:
    """What a check should have said and did not, one line each: it is missing whoever diagnoses."""
    failed = (p for p in pieces if p.kind is EvidenceKind.CHECK and p.facts.get("verdict") == "unknown")
    problems = ((piece, str(piece.facts.get("problem") or "")) for piece in failed)
    return [
        f"{piece.title} could not be read ({piece.id}): {inert(problem, 200)}"
        for piece, problem in problems
        if problem and problem != NO_VALUE
    ]


def _title(passage: Passage) -> str:
    deepest: Sequence[str] = passage.heading[-1:]
    return passage.title if deepest in ((), (passage.title,)) else f"{passage.title} › {deepest[0]}"


def _facts(passage: Passage, today: date) -> dict[str, object]:
    return {
        "kind": passage.kind,
        "cause": passage.cause,
        "actions": list(passage.actions),
        "document": passage.document_id,
        "heading": " › ".join(passage.heading),
        "service": passage.service,
        "score": passage.score,
        "alerts": list(passage.alerts),
        "origin": passage.origin,
        "place": passage.place,
        "version": passage.version,
        "owner": passage.owner,
        "reviewed": passage.reviewed.isoformat() if passage.reviewed else "",
        "outdated": passage.outdated(today),
    }
