"""Gathers evidence: the alerts, what the checks read, and the passages that fit; all of it numbered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from bot.announcements import incident_key
from bot.domain.by_hand import NAME
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.ports import Executor
from bot.domain.records import CheckRun, SeenAlert
from bot.domain.store import Store, Tx
from bot.domain.tool import Inventory, Tool, ToolKind
from bot.domain.whereabouts import by_alert, said
from bot.errors import ExecutorUnavailable
from bot.in_force import InForce
from bot.stages.linked import suggest_arguments
from bot.stages.numbering import MAX_TEXT, Numbering
from knowledge.model import Query, SearchResult

__all__ = ["MAX_TEXT", "is_check_of", "number", "numbered", "query_of", "run_checks", "seen_by"]

MAX_CHECKS = 8
log = structlog.get_logger()


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
        elif isinstance(answer, Exception):  # one check that breaks must not end the others
            log.error("a check could not be run", error=type(answer).__name__)
            gaps.append(f"A check could not be run ({type(answer).__name__}).")
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
    """What a check of the incident's service is run with; None for other tools and where people choose."""
    return suggest_arguments(tool, incident, inventory) if is_check_of(tool, incident) else None


def is_check_of(tool: Tool, incident: Incident) -> bool:
    """Whether it only reads, and may read the incident's service in its environment."""
    in_scope = incident.environment in tool.environments and incident.service in tool.services
    return tool.kind is ToolKind.CHECK and in_scope


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
    name = first.name if first and first.name != NAME else ""
    return Query("\n".join(prose)[:MAX_TEXT], name, incident.service, seen_by=readers)


def number(
    incident: Incident,
    alerts: Sequence[SeenAlert],
    runs: Sequence[CheckRun],
    found: SearchResult,
    now: datetime,
) -> list[Evidence]:
    """All evidence with ids E1, E2, ... in a fixed order: alerts, checks, passages."""
    return numbered(alerts, runs, found, now, {}).pieces


def numbered(
    alerts: Sequence[SeenAlert],
    runs: Sequence[CheckRun],
    found: SearchResult,
    now: datetime,
    tools: Mapping[str, Tool],
) -> Numbering:
    """The same, open for more. A check that gave nothing is evidence, too."""
    made = Numbering()
    where = by_alert(alerts)
    for alert in alerts:
        made.alert(alert, said(where[alert.id]))
    for run in runs:
        tool = tools.get(run.tool)
        made.check(run, now, tool.runner if tool else "")
    for passage in found.passages if found.fits else ():
        made.passage(passage, now)
    return made
