"""What the catalogue links to documents: the checks that speak for an action, and its arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.tool import Argument, Inventory, Tool, ToolKind, Use, Verdict, shown


@dataclass(frozen=True, slots=True)
class Standing:
    """What one check, run for this incident, says of one action. `evidence` is the check's evidence id."""

    action: str
    check: str
    evidence: str
    speaks_for: bool
    speaks_against: bool
    bars: bool
    says: str


def standings(actions: Iterable[Tool], evidence: Sequence[Evidence]) -> list[Standing]:
    """What the newest run of each check says of the actions that refer to it."""
    newest: dict[str, Evidence] = {}
    for piece in sorted((e for e in evidence if e.kind is EvidenceKind.CHECK), key=lambda e: e.at):
        newest[str(piece.facts.get("tool", ""))] = piece
    found = []
    for action in actions:
        before, after = action.precondition, action.verification
        if before is not None and before.tool in newest:
            found.append(_before(action, before, newest[before.tool]))
        if after is not None and after.tool in newest and (before is None or before.tool != after.tool):
            found.append(_after(action, after, newest[after.tool]))
    return found


def actions_for(incident: Incident, tools: Sequence[Tool]) -> dict[str, Tool]:
    """The actions that may touch this incident's service in its environment, by name."""
    return {
        tool.name: tool
        for tool in tools
        if tool.kind is ToolKind.ACTION
        and incident.service in tool.services
        and incident.environment in tool.environments
    }


def suggest_arguments(tool: Tool, incident: Incident, inventory: Inventory) -> dict[str, object] | None:
    """Arguments that follow from the catalogue and the incident alone; None when a person must choose."""
    found = {argument.name: suggest(argument, incident, inventory) for argument in tool.arguments}
    return None if None in found.values() else dict(found)


def suggest(argument: Argument, incident: Incident, inventory: Inventory) -> object | None:
    """The one value that `argument` can sensibly have for this incident, if there is one."""
    if argument.default is not None:
        return argument.default
    if argument.type == "reference":
        return _row(inventory.get(argument.inventory, {}), incident)
    if argument.type == "enum" and len(argument.choices) == 1:
        return argument.choices[0]
    return None


def _row(rows: Mapping[str, Mapping[str, object]], incident: Incident) -> str | None:
    mine = [name for name, row in rows.items() if _lists(row.get("services"), incident.service)]
    if not mine and len(rows) == 1:
        # The only row may be meant for everything; one that names other services is not meant for this one.
        mine = [name for name, row in rows.items() if not row.get("services")]
    return mine[0] if len(mine) == 1 else None


def _lists(services: object, service: str) -> bool:
    return isinstance(services, list | tuple) and service in services


def _before(action: Tool, use: Use, piece: Evidence) -> Standing:
    """A precondition that holds shows the fault that the action is for; one that does not bars it."""
    verdict = piece.facts.get("verdict")
    known = verdict in (Verdict.HEALTHY, Verdict.FAULTY)
    if use.expect is not None:
        holds = known and use.expect.holds(piece.facts.get("value"))
    else:
        holds = verdict == Verdict.HEALTHY
    bars = known and not holds
    word = "holds" if holds else "does not hold" if bars else "could not be told"
    says = f"The precondition of {action.name} {word}: {_reading(use, piece)}."
    return Standing(action.name, use.tool, piece.id, bool(holds), bars, bars, says)


def _after(action: Tool, use: Use, piece: Evidence) -> Standing:
    """The check that will verify the action shows the fault now, or says that all is well already."""
    verdict = piece.facts.get("verdict")
    faulty, healthy = verdict == Verdict.FAULTY, verdict == Verdict.HEALTHY
    word = "shows the fault" if faulty else "shows no fault" if healthy else "could not tell"
    says = f"The check that would verify {action.name} {word}: {_reading(use, piece)}."
    return Standing(action.name, use.tool, piece.id, faulty, healthy, False, says)


def _reading(use: Use, piece: Evidence) -> str:
    value = piece.facts.get("value")
    read = "no value" if value is None else f"{shown(value)} {piece.facts.get('unit') or ''}".strip()[:60]
    return f"{use.tool} read {read} ({piece.id})"
