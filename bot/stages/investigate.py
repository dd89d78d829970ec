"""Gathers evidence: the alerts, what the checks read, and the passages that fit; all of it numbered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from bot.announcements import incident_key
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.ports import Executor
from bot.domain.records import CheckRun, SeenAlert
from bot.domain.store import Store, Tx
from bot.domain.tool import Inventory, Tool, ToolKind
from bot.errors import ExecutorUnavailable
from bot.in_force import InForce
from bot.stages.linked import suggest_arguments
from knowledge.model import Passage, Query, SearchResult

MAX_TEXT = 4000
MAX_CHECKS = 8


async def run_checks(
    store: Store, in_force: InForce, executor: Executor, incident: Incident
) -> tuple[list[CheckRun], list[str]]:
    """Have every check of the incident's service run, side by side; the runs, and what could not be read."""
    run_ids = await asyncio.to_thread(_request, store, in_force, incident)
    answers = await asyncio.gather(*(executor.do("check", run) for run in run_ids), return_exceptions=True)
    gaps = []
    for answer in answers:
        if isinstance(answer, ExecutorUnavailable):
            gaps.append(f"A check could not be run. {answer}")
        elif isinstance(answer, BaseException):
            raise answer
    return await asyncio.to_thread(_runs, store, run_ids), sorted(set(gaps))


def _request(store: Store, in_force: InForce, incident: Incident) -> list[int]:
    with store.begin() as tx:
        wanted: list[int] = []
        inventory = in_force.inventory(tx)
        for tool in in_force.tools(tx).values():
            arguments = _arguments(tool, incident, inventory)
            if arguments is not None and len(wanted) < MAX_CHECKS:
                wanted.append(tx.checks.request(incident.id, incident.rounds, tool.name, arguments))
        return wanted


def _arguments(tool: Tool, incident: Incident, inventory: Inventory) -> dict[str, object] | None:
    in_scope = incident.environment in tool.environments and incident.service in tool.services
    if tool.kind is not ToolKind.CHECK or not in_scope:
        return None
    return suggest_arguments(tool, incident, inventory)


def _runs(store: Store, run_ids: Sequence[int]) -> list[CheckRun]:
    with store.read() as tx:
        runs = [tx.checks.get(run_id) for run_id in run_ids]
    return [run for run in runs if run is not None]


def seen_by(tx: Tx, incident_id: int) -> frozenset[str]:
    """The channel in which an incident is told: by its role, and by its id once it is known."""
    card = tx.posts.get(incident_key(incident_id))
    return frozenset() if card is None else frozenset({card.channel, card.channel_id}) - {""}


def query_of(incident: Incident, alerts: Sequence[SeenAlert], readers: frozenset[str]) -> Query:
    """What the knowledge base is asked: the alert's name and service apart from its prose."""
    first = alerts[0] if alerts else None
    prose = [incident.title, *(f"{alert.summary} {alert.description}" for alert in alerts[:3])]
    return Query("\n".join(prose)[:MAX_TEXT], first.name if first else "", incident.service, seen_by=readers)


def number(
    incident: Incident,
    alerts: Sequence[SeenAlert],
    runs: Sequence[CheckRun],
    found: SearchResult,
    now: datetime,
) -> list[Evidence]:
    """All evidence with ids E1, E2, ... in a fixed order: alerts, checks, passages."""
    pieces: list[Evidence] = []

    def add(
        kind: EvidenceKind, title: str, text: str, source: str, at: datetime, facts: dict[str, object]
    ) -> None:
        text = text[:MAX_TEXT]
        digest = hashlib.sha256(text.encode()).hexdigest()
        pieces.append(Evidence(f"E{len(pieces) + 1}", kind, title, text, source, at, digest, facts))

    for alert in alerts:
        labels = ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()))
        text = f"{alert.summary}\n{alert.description}\n{labels}"
        facts: dict[str, object] = {"name": alert.name, "severity": alert.severity.word}
        add(EvidenceKind.ALERT, alert.name, text, f"alert:{alert.id}", alert.first_at, facts)
    for run in runs:
        if run.result is not None:
            facts = {
                "tool": run.tool,
                "verdict": run.result.verdict.value,
                "value": run.result.value,
                "unit": run.result.unit,
                "problem": run.result.problem,
            }
            text = f"{run.result.told}\n{run.result.output}"
            add(EvidenceKind.CHECK, run.tool, text, f"check:{run.id}", run.ended_at or now, facts)
    for passage in found.passages if found.fits else ():
        add(EvidenceKind.PASSAGE, _title(passage), passage.text, passage.id, now, _facts(passage, now.date()))
    return pieces


def _title(passage: Passage) -> str:
    deepest = passage.heading[-1:]
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
