"""One tool of the catalogue as N3 will see it: what runs, with its holes, on what, signed by whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.domain.tool import Argument, Tool, ToolKind, Use, shown
from bot.errors import BadInput
from bot.sign_off.policy import Policy
from bot.sign_off.rendering import ascii_text, call_text
from bot.tools.catalogue import Catalogue


def card(tool: Tool, catalogue: Catalogue, policy: Policy | None) -> list[str]:
    """The lines of one tool; texts of the catalogue as printable ASCII, as in the form to sign."""
    lines = [f"{tool.kind.value} {tool.name}: {ascii_text(tool.title)}"]
    lines += [f"    {line}" for line in _facts(tool, catalogue)]
    if tool.kind is ToolKind.ACTION:
        lines += [f"    {line}" for line in (*_action(tool), *_signed_by(tool, policy))]
    return lines


def _facts(tool: Tool, catalogue: Catalogue) -> Iterator[str]:
    yield ascii_text(tool.does)
    yield f"runs by {tool.runner}: {_call(tool.call)}"
    for path in _files(tool):
        yield f"with the script {ascii_text(path)}"
    where = f"may touch {', '.join(tool.services)} in {', '.join(tool.environments)}"
    yield ascii_text(f"{where}; owner {tool.owner}; {tool.timeout_s:g} s at most")
    for argument in tool.arguments:
        yield ascii_text(f"argument {argument.name}: {_argument(argument, catalogue)}")
    if tool.reads:
        yield ascii_text(
            f"healthy when {tool.reads.value} is {tool.reads.healthy} {tool.reads.unit}".rstrip()
        )


def _action(tool: Tool) -> Iterator[str]:
    yield f"risk {tool.risk.value}; {tool.limits.at_once} at once and {tool.limits.per_hour} an hour at most"
    yield ascii_text(f"expected: {tool.expected_effect}")
    assert tool.precondition is not None and tool.verification is not None
    yield ascii_text(f"before: {_use(tool.precondition)}")
    yield ascii_text(f"verified by {_use(tool.verification)}, {tool.verification.settle_s:g} s after it ran")
    yield ascii_text(f"undo: {_use(tool.undo) if tool.undo else f'none ({tool.no_undo})'}")


def _signed_by(tool: Tool, policy: Policy | None) -> Iterator[str]:
    """Whom the policy of vigie.toml asks for, where it acts; once where that is the same everywhere."""
    if policy is None:
        return
    rules: dict[str, list[str]] = {}
    for environment in tool.environments:
        for service in tool.services:
            rule = policy.rule(tool.risk, environment, service)
            rules.setdefault(f"{rule.asks} ({rule.name})", []).append(f"{service} in {environment}")
    for asks, where in rules.items():
        for_ = f" for {', '.join(where[:3])}{'...' if len(where) > 3 else ''}" if len(rules) > 1 else ""
        yield ascii_text(f"signed by {asks}{for_}")


def _argument(argument: Argument, catalogue: Catalogue) -> str:
    rest = f", {shown(argument.default)} unless given" if argument.default is not None else ""
    return f"{_kind(argument, catalogue)}{rest}"


def _kind(argument: Argument, catalogue: Catalogue) -> str:
    if argument.type == "enum":
        return f"one of {', '.join(argument.choices)}"
    if argument.type == "integer":
        return f"whole number from {argument.minimum} to {argument.maximum}"
    if argument.type == "pattern":
        return f"text that matches {argument.pattern} as a whole"
    if argument.type == "reference":
        rows = catalogue.inventory.get(argument.inventory, {})
        return f"a row of {argument.inventory} in the inventory ({len(rows)} there)"
    return "true or false"


def _use(use: Use) -> str:
    given = ", ".join(f"{name}={shown(value)}" for name, value in use.arguments.items())
    expected = f" expects {use.expect}" if use.expect else ""
    return f"{use.tool}({given}){expected}"


def _call(call: Mapping[str, object]) -> str:
    try:
        return call_text(call)
    except (KeyError, AssertionError, BadInput):
        return ascii_text(str(dict(call)))


def _files(tool: Tool) -> list[str]:
    files = tool.call.get("files")
    return [str(path) for path in files] if isinstance(files, list | tuple) else []
