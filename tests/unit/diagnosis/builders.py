"""Incidents, evidence and tools as the tests of the diagnosis need them: a shop whose orders stop."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bot.domain.alert import Severity
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.tool import Argument, Expectation, Tool, ToolKind, Use
from bot.errors import ArgumentRefused

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INCIDENT = Incident(
    7, "OrdersStuck", "orders", "production", Severity.CRITICAL, IncidentState.INVESTIGATING, NOW, NOW
)
INVENTORY: dict[str, dict[str, dict[str, object]]] = {
    "workers": {"orders-worker": {"services": ["orders"]}, "mail-worker": {"services": ["mail"]}}
}
WORKER = Argument("worker", "reference", inventory="workers")


def tool(name: str, kind: ToolKind = ToolKind.ACTION, *arguments: Argument, **more: object) -> Tool:
    """An entry of the catalogue for the orders service."""
    given: dict[str, object] = {
        "name": name,
        "kind": kind,
        "title": name,
        "does": f"does {name}",
        "runner": "command",
        "call": {},
        "arguments": arguments,
        "timeout_s": 5.0,
        "output_cap": 1000,
        "environments": ("production",),
        "services": ("orders",),
        "owner": "on-call",
        "entry": {},
    }
    return Tool(**(given | more))  # type: ignore[arg-type]  # the fields are those of Tool, by name


RESTART = tool(
    "restart_worker",
    ToolKind.ACTION,
    WORKER,
    precondition=Use("queue_depth", expect=Expectation("at_least", 100)),
    verification=Use("worker_alive"),
)
PURGE = tool("purge_queue", ToolKind.ACTION, Argument("older_than_h", "integer", minimum=1, maximum=9))
DEPTH = tool("queue_depth", ToolKind.CHECK)
TOOLS = (RESTART, PURGE, DEPTH, tool("worker_alive", ToolKind.CHECK))


def validate(tool: Tool, arguments: Mapping[str, object]) -> None:
    """What the catalogue does, in short: all arguments and no others, references to rows that exist."""
    names = {argument.name for argument in tool.arguments}
    if set(arguments) != names:
        raise ArgumentRefused(f"{', '.join(sorted(names ^ set(arguments)))}: not as declared.")
    for argument in tool.arguments:
        value = arguments[argument.name]
        if argument.type == "reference" and value not in INVENTORY[argument.inventory]:
            raise ArgumentRefused(f"{argument.name}: no such row.")
        if argument.type == "integer" and not (type(value) is int and 1 <= value <= 9):
            raise ArgumentRefused(f"{argument.name}: no integer from 1 to 9.")


def evidence(id: str, kind: EvidenceKind, title: str, text: str = "", /, **facts: object) -> Evidence:
    """One piece with its digest made as intake makes it."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Evidence(id, kind, title, text, f"{kind.value}/{id}", NOW, digest, facts)


def alert(id: str = "E1", text: str = "Orders wait for 10 minutes", name: str = "OrdersStuck") -> Evidence:
    return evidence(id, EvidenceKind.ALERT, name, text, name=name, service="orders")


def past(id: str, cause: str, score: float = 0.8, **facts: object) -> Evidence:
    """A past incident of the orders service that was mended by a restart."""
    given: dict[str, object] = {
        "kind": "incident",
        "cause": cause,
        "score": score,
        "service": "orders",
        "actions": ["restart_worker"],
        "document": f"incidents/{id}",
        "heading": "Cause",
        "alerts": [],
        "origin": "people",
    }
    return evidence(id, EvidenceKind.PASSAGE, f"Incident of {id}", "What happened.", **(given | facts))


def runbook(id: str = "E8", text: str = "", **facts: object) -> Evidence:
    given: dict[str, object] = {
        "kind": "runbook",
        "cause": "",
        "score": 0.7,
        "service": "orders",
        "actions": ["restart_worker"],
        "document": "runbooks/orders",
        "heading": "Repair",
        "alerts": ["OrdersStuck"],
    }
    steps = text or "Intro\n1. Look at the queue.\n2. Restart the worker.\n\nThe end."
    return evidence(id, EvidenceKind.PASSAGE, "Orders are stuck", steps, **(given | facts))


def check(id: str, name: str, verdict: str, value: object, minutes: int = 0) -> Evidence:
    piece = evidence(
        id, EvidenceKind.CHECK, name, f"{value}", tool=name, verdict=verdict, value=value, unit="orders"
    )
    return Evidence(
        piece.id,
        piece.kind,
        piece.title,
        piece.text,
        piece.source,
        NOW + timedelta(minutes=minutes),
        piece.digest,
        piece.facts,
    )
