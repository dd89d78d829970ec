"""The plan of a standing sign-off: every call that may ever run by it, with all that each refers to."""

from __future__ import annotations

from bot.domain.standing import Pattern, Terms
from bot.domain.tool import Tool, Use
from bot.errors import ArgumentRefused
from bot.sign_off.policy import Policy
from bot.sign_off.standing import Case, cases
from bot.tools.arguments import rows_of, validate
from bot.tools.catalogue import Catalogue
from bot.tools.plan import resolve_call, used


def standing_plan(catalogue: Catalogue, policy: Policy, terms: Terms) -> dict[str, object]:
    """What N3 is shown and signs; the same terms over the same catalogue and policy always give the same.

    Raises:
        ArgumentRefused: the terms do not fit the tool any more.
        CatalogueError: there is no such tool.
    """
    tool = catalogue.tool(terms.tool)
    if tool.precondition is None or tool.verification is None:
        raise ArgumentRefused(f"{tool.name}: only actions can run by a standing sign-off.")
    used_tools = [use.tool for use in (tool.precondition, tool.verification, tool.undo) if use is not None]
    found = cases(terms, tool, catalogue.inventory)
    return {
        "tool": tool.name,
        "trigger": {
            "source": terms.trigger.source,
            "alert": terms.trigger.name,
            "severity_at_least": terms.trigger.severity.word,
            "labels": dict(terms.trigger.labels),
        },
        "services": list(terms.services),
        "environments": list(terms.environments),
        "precondition": {"check": tool.precondition.tool, "must": "hold"},
        "arguments": {name: _pattern(pattern) for name, pattern in terms.arguments.items()},
        "uses": {"in_an_hour": terms.per_hour, "in_all": terms.in_all, "until": terms.ends_at.isoformat()},
        "entry": dict(tool.entry),
        "referenced": {name: dict(catalogue.tool(name).entry) for name in used_tools},
        "inventory": _rows(catalogue, tool, found),
        "cases": [_case(catalogue, policy, tool, case) for case in found],
    }


def _case(catalogue: Catalogue, policy: Policy, tool: Tool, case: Case) -> dict[str, object]:
    arguments = validate(tool, case.arguments, catalogue.inventory)

    def call(use: Use | None) -> dict[str, object]:
        return used(catalogue, use, arguments) if use else {"none": tool.no_undo}

    return {
        "environment": case.environment,
        "service": case.service,
        "arguments": arguments,
        "call": resolve_call(catalogue, tool, arguments),
        "precondition": call(tool.precondition),
        "verification": call(tool.verification),
        "undo": call(tool.undo),
        "policy": policy.entry(tool.risk, case.environment, case.service),
    }


def _rows(catalogue: Catalogue, tool: Tool, found: list[Case]) -> dict[str, object]:
    """The inventory row of every reference that may be used, by kind and id."""
    kinds = {a.name: a.inventory for a in tool.arguments if a.type == "reference"}
    rows: dict[str, dict[str, object]] = {}
    for case in found:
        for name, row in rows_of(tool, case.arguments, catalogue.inventory).items():
            rows.setdefault(kinds[name], {})[str(case.arguments[name])] = dict(row)
    return dict(rows)


def _pattern(pattern: Pattern) -> dict[str, object]:
    return {"among": list(pattern.among), "by": pattern.by.value}
