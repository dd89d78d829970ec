"""A plan is the whole of what a signature covers: what will run, on what, checked by what, undone by what."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.incident import Incident
from bot.domain.tool import CheckResult, Tool, Use
from bot.errors import ArgumentRefused
from bot.sign_off.policy import Policy
from bot.tools.arguments import rows_of, validate
from bot.tools.catalogue import Catalogue
from bot.tools.runners import RUNNERS
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
        "policy": policy.entry(tool.risk),
    }


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


def resolve_call(catalogue: Catalogue, tool: Tool, arguments: Mapping[str, object]) -> dict[str, object]:
    """The call of a tool with validated arguments, as its runner will carry it out."""
    filled = fill(tool.call, arguments, rows_of(tool, arguments, catalogue.inventory))
    assert isinstance(filled, dict)
    return RUNNERS[tool.runner].resolve(filled)


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
