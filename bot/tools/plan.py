"""A plan is the whole of what a signature covers: what will run, on what, checked by what, undone by what."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.incident import Incident
from bot.domain.tool import CheckResult, Inventory, Tool, ToolKind, Use
from bot.errors import ArgumentRefused
from bot.sign_off.policy import Policy
from bot.tools.arguments import rows_of, validate
from bot.tools.catalogue import Catalogue
from bot.tools.runners import RUNNERS
from bot.tools.runs.reach import refuse_what_leads_elsewhere
from bot.tools.scripts import refuse_changed
from bot.tools.template import fill


def build(
    catalogue: Catalogue,
    policy: Policy,
    incident: Incident,
    tool: Tool,
    arguments: Mapping[str, object],
    precondition: CheckResult,
    holds: bool,
) -> dict[str, object]:
    """The plan of an action at this moment; the same facts always give the same plan.

    Raises:
        ArgumentRefused: an argument does not fit any more, or the tool may not touch this service.
    """
    refuse_out_of_scope(tool, incident)
    checked = validate(tool, arguments, catalogue.inventory)
    refuse_other_environment(tool, checked, incident, catalogue.inventory)
    assert tool.precondition is not None and tool.verification is not None
    referenced = [use.tool for use in (tool.precondition, tool.verification, tool.undo) if use is not None]
    return {
        "incident": incident.id,
        "tool": tool.name,
        "entry": dict(tool.entry),
        "referenced": {name: dict(catalogue.tool(name).entry) for name in referenced},
        "arguments": checked,
        "inventory": {key: dict(row) for key, row in rows_of(tool, checked, catalogue.inventory).items()},
        "runner": tool.runner,
        "call": resolve_call(catalogue, tool, checked),
        "target": {
            "environment": incident.environment,
            "service": incident.service,
            "identity": precondition.identity,
        },
        "precondition": used(catalogue, tool.precondition, checked) | {"holds": holds},
        "verification": used(catalogue, tool.verification, checked),
        "undo": used(catalogue, tool.undo, checked) if tool.undo else {"none": tool.no_undo},
        "limits": tool.limits.entry(),
        "policy": policy.entry(tool.risk, incident.environment, incident.service),
    }


def target_of(plan: Mapping[str, object]) -> Mapping[str, object]:
    """What a plan acts on: environment, service, and its identity as checks saw it."""
    target = plan["target"]
    assert isinstance(target, Mapping)
    return target


def refuse_out_of_scope(tool: Tool, incident: Incident) -> None:
    """Refuse a tool for a service or environment that its entry does not name.

    Raises:
        ArgumentRefused: names what the tool may touch.
    """
    if incident.environment not in tool.environments:
        raise ArgumentRefused(
            f"environment: {tool.name} may touch {', '.join(tool.environments)},"
            f" not {incident.environment!r}."
        )
    if incident.service not in tool.services:
        raise ArgumentRefused(
            f"service: {tool.name} may touch {', '.join(tool.services)}, not {incident.service!r}."
        )


def refuse_what_changes(tool: Tool) -> None:
    """Refuse an action where something is only to be read.

    Raises:
        ArgumentRefused: it is not a check.
    """
    if tool.kind is not ToolKind.CHECK:
        raise ArgumentRefused(f"{tool.name} is an action, which runs only once it is signed.")


def refuse_other_environment(
    tool: Tool, arguments: Mapping[str, object], incident: Incident, inventory: Inventory
) -> None:
    """Refuse a row of the inventory that says it is in another environment than the incident.

    Raises:
        ArgumentRefused: names the argument and where its row is.
    """
    for name, row in rows_of(tool, arguments, inventory).items():
        places = row.get("environments")
        if isinstance(places, list) and places and incident.environment not in places:
            where = ", ".join(map(str, places))
            raise ArgumentRefused(
                f"{name}: {arguments[name]} is in {where}, and the incident is in {incident.environment!r}."
            )


def resolve_call(catalogue: Catalogue, tool: Tool, arguments: Mapping[str, object]) -> dict[str, object]:
    """The call of a tool with validated arguments, as its runner will carry it out.

    Raises:
        ArgumentRefused: it cannot be run as it stands, or a script of it is not the one in force.
    """
    refuse_what_leads_elsewhere(tool, arguments)
    filled = fill(tool.call, arguments, rows_of(tool, arguments, catalogue.inventory))
    assert isinstance(filled, dict)
    resolved = RUNNERS[tool.runner].resolve(filled)
    refuse_changed(catalogue.scripts, resolved)
    return resolved


def arguments_of(catalogue: Catalogue, use: Use, outer: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a referenced tool; `{name}` takes the value of the action's own argument."""
    filled = fill(dict(use.arguments), outer, {})
    assert isinstance(filled, dict)
    return validate(catalogue.tool(use.tool), filled, catalogue.inventory)


def used(catalogue: Catalogue, use: Use, outer: Mapping[str, object]) -> dict[str, object]:
    """A check or an undo as it stands in a plan: its call, and what it must read."""
    tool = catalogue.tool(use.tool)
    arguments = arguments_of(catalogue, use, outer)
    expectation = use.expect or (tool.reads.healthy if tool.reads else None)
    return {
        "tool": use.tool,
        "arguments": arguments,
        "call": resolve_call(catalogue, tool, arguments),
        "expect": str(expectation) if expectation else "",
        "settle_s": use.settle_s,
    }
