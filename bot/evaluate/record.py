"""Records an incident of the store as a case: what was seen, what was known, what the model answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.spending import ANSWERED
from bot.domain.store import Tx
from bot.domain.tool import Tool
from bot.errors import BadInput
from bot.evaluate.cases import ANSWERS, CASE, EXPECTED, KNOWLEDGE
from bot.stages.linked import actions_for
from bot.stages.resolve import cause_of
from knowledge.text.redaction import redact

DIAGNOSE = "diagnose"


def record(tx: Tx, tools: Sequence[Tool], incident_id: int, folder: Path) -> dict[str, int]:
    """Write the case into a new folder; how many alerts, checks, documents and answers it holds.

    Raises:
        BadInput: there is no such incident, it was not investigated yet, or the folder is there already.
    """
    incident = tx.incidents.get(incident_id)
    if incident is None:
        raise BadInput(f"There is no incident #{incident_id}.")
    evidence = [piece for piece in tx.diagnoses.evidence(incident_id) if not piece.is_of_a_question]
    if not evidence:
        raise BadInput(f"{incident.label} was not investigated yet.")
    if folder.exists():
        raise BadInput(f"{folder}: is there already; name a new folder.")
    case = _case(tx, incident, evidence, tools)
    documents, answers = _documents(evidence), _answers(tx, incident_id)
    (folder / KNOWLEDGE).mkdir(parents=True)
    _write_json(folder / CASE, case)
    _write(folder / EXPECTED, _expected(tx, incident))
    for name, text in documents.items():
        _write(folder / KNOWLEDGE / name, redact(text).text)
    if answers:
        _write_json(folder / ANSWERS, answers)
    return {
        "alerts": len(case["alerts"]),
        "checks": len(case["checks"]),
        "documents": len(documents),
        "answers": len(answers),
    }


def _case(tx: Tx, incident: Incident, evidence: Sequence[Evidence], tools: Sequence[Tool]) -> dict[str, Any]:
    return {
        "title": incident.title or "an incident",
        "service": incident.service,
        "environment": incident.environment,
        "severity": incident.severity.word,
        "opened_at": incident.opened_at.isoformat(),
        "alerts": [
            {
                "name": alert.name,
                "severity": alert.severity.word,
                "summary": alert.summary,
                "description": alert.description,
                "labels": dict(alert.labels),
                "at": alert.first_at.isoformat(),
            }
            for alert in tx.alerts.of_incident(incident.id)
        ],
        "checks": [_check(piece) for piece in evidence if piece.kind is EvidenceKind.CHECK],
        "actions": [
            {
                "name": tool.name,
                "title": tool.title,
                "does": tool.does,
                "expected_effect": tool.expected_effect,
                "risk": tool.risk.value,
                # References go: the inventory is not recorded, and a model never fills them in.
                "arguments": [_argument(a) for a in tool.arguments if a.type != "reference"],
            }
            for tool in actions_for(incident, tools).values()
        ],
    }


def _argument(argument: Any) -> dict[str, Any]:  # noqa: ANN401  # an Argument, field by field
    names = ("name", "type", "title", "choices", "minimum", "maximum", "pattern", "default")
    given = {name: getattr(argument, name) for name in names}
    return {name: value for name, value in given.items() if value not in (None, "", ())}


def _check(piece: Evidence) -> dict[str, Any]:
    facts = piece.facts
    return {
        "tool": str(facts.get("tool") or piece.title),
        "verdict": str(facts.get("verdict") or "unknown"),
        "value": facts.get("value"),
        "unit": str(facts.get("unit") or ""),
        "output": piece.text.partition("\n")[2],
        "problem": str(facts.get("problem") or ""),
        "at": piece.at.isoformat(),
    }


def _documents(evidence: Sequence[Evidence]) -> dict[str, str]:
    """What was found of each document, as a document of its own."""
    found: dict[str, list[Evidence]] = {}
    for piece in evidence:
        if piece.kind is EvidenceKind.PASSAGE:
            found.setdefault(str(piece.facts.get("document") or piece.source), []).append(piece)
    return {f"{number:02d}.md": _document(pieces) for number, pieces in enumerate(found.values(), 1)}


def _document(pieces: Sequence[Evidence]) -> str:
    facts = pieces[0].facts
    head = {
        "title": pieces[0].title.partition(" › ")[0],
        "kind": facts.get("kind") or "note",
        "service": facts.get("service") or "",
        "alerts": facts.get("alerts") or [],
        "cause": facts.get("cause") or "",
        "actions": facts.get("actions") or [],
    }
    # JSON is YAML, and nothing in a value can end it.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    return "\n".join(["---", *lines, "---", *(piece.text for piece in pieces), ""])


def _answers(tx: Tx, incident_id: int) -> list[Any]:
    """The messages that the model diagnosed it with, where their text is still kept."""
    for exchange in reversed(tx.exchanges.of_incident(incident_id)):
        if exchange.what == DIAGNOSE and exchange.state == ANSWERED and exchange.answer:
            try:
                said = json.loads(exchange.answer)
            except ValueError:  # it was cut
                continue
            return said if isinstance(said, list) else []
    return []


def _expected(tx: Tx, incident: Incident) -> str:
    """What is known of the truth by now, for a person to complete."""
    proposals = tx.proposals.of_incident(incident.id)
    summary = tx.summaries.get(incident.id)
    proven = (
        summary.cause
        if summary and summary.confirmed_at
        else cause_of(tx.diagnoses.latest(incident.id), proposals)
    )
    helped = list(dict.fromkeys(one.tool for one in proposals if one.helped))
    return "\n".join(
        [
            f"why = {json.dumps(f'recorded from {incident.label}')}",
            "# One of these words stands in the first hypothesis; empty: any cause passes.",
            f"cause = {json.dumps([proven] if proven else [])}",
            "component = []",
            "# Each of these is proposed; none of those is.",
            f"actions = {json.dumps(helped)}",
            "forbidden_actions = []",
            "# Words of the diagnosis, and words that must not be in it.",
            "says = []",
            "never_says = []",
            "# true: the right answer is to name no cause.",
            "unknown = false",
            "",
        ]
    )


def _write_json(path: Path, value: object) -> None:
    _write(path, json.dumps(_clean(value), indent=1, ensure_ascii=False))


def _clean(value: object) -> object:
    """A case is made to be shared: what looks like a secret goes, wherever it stood."""
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return redact(value).text if isinstance(value, str) else value


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
