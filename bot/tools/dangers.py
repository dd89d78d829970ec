"""What a catalogue allows and had better not: shown to people, who may have reasons for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import re2

from bot.domain.tool import Argument, Inventory, Risk, Tool, ToolKind, Use
from bot.mistakes.mistake import Place
from bot.tools.cross_check import Finding
from bot.tools.patterns import ALL, reach_of
from bot.tools.runners.unsigned import unsigned
from bot.tools.scripts import can_be_listed, filled
from bot.tools.template import holes

MOST_AT_ONCE = 1_000
"""A number above it is a blast radius that somebody should have thought about."""
_FEW_ROWS = 5


def dangers(tools: Mapping[str, Tool], inventory: Inventory) -> Iterator[Finding]:
    """Tool by tool."""
    for tool in tools.values():
        place: Place = (f"{tool.kind.value}s", tool.name)
        for argument in tool.arguments:
            yield from _argument(tool, argument, (*place, "arguments", argument.name), inventory)
        yield from _script(tool, place)
        yield from _unsigned(tool, place, inventory)
        if tool.kind is ToolKind.ACTION:
            yield from _action(tools, tool, place)


def _action(tools: Mapping[str, Tool], tool: Tool, place: Place) -> Iterator[Finding]:
    is_elsewhere = any(name in tool.no_undo for name in tools)
    if tool.no_undo and tool.risk is not Risk.LOW and not is_elsewhere:
        what = f"it is of {tool.risk} risk and nothing takes it back"
        yield Finding((*place, "no_undo"), what, "Declare an action that does, if there can be one.")
    before, after = tool.precondition, tool.verification
    assert before is not None and after is not None
    if before.tool == after.tool and _expects(tools, before) == _expects(tools, after):
        what = "it asks for what held before, so it cannot say whether the action helped"
        yield Finding((*place, "verification"), what, "Expect what is to be different afterwards.")
    reads = tools[before.tool].reads
    if reads is not None and not reads.identity:
        what = f"checks.{before.tool} reads no `identity`: what is signed is not bound to one target"
        remedy = "Read something that changes when the target is another, such as its start time."
        yield Finding((*place, "precondition"), what, remedy)


def _expects(tools: Mapping[str, Tool], use: Use) -> object:
    reads = tools[use.tool].reads
    return (use.expect or (reads.healthy if reads else None), dict(use.arguments))


def _argument(tool: Tool, argument: Argument, place: Place, inventory: Inventory) -> Iterator[Finding]:
    if argument.type == "integer" and tool.kind is ToolKind.ACTION:
        yield from _number(argument, place)
    elif argument.type == "pattern":
        yield from _pattern(argument, place)
    elif argument.type == "enum":
        for choice in argument.choices:
            yield from _value(choice, f"the choice {choice!r}", place)
    elif argument.type == "reference":
        yield from _rows(tool, argument, place, inventory)


def _number(argument: Argument, place: Place) -> Iterator[Finding]:
    low, high = argument.minimum, argument.maximum
    assert low is not None and high is not None
    if low < 0:
        yield Finding(place, f"it may be negative (minimum {low})", "Begin at 1, or at 0 where that is safe.")
    elif low == 0:
        yield Finding(place, "it may be 0, which can mean none, or all", "Begin at 1 unless 0 is safe.")
    if high > MOST_AT_ONCE:
        what = f"it may be as much as {high}: the blast radius is large"
        yield Finding(place, what, "Allow no more than anybody will need.")


def _pattern(argument: Argument, place: Place) -> Iterator[Finding]:
    place = (*place, "pattern")
    reach = reach_of(argument.pattern)
    if reach is None:
        yield Finding(place, "what it lets through cannot be followed", "Write it with plain classes.")
        return
    if reach.any == ALL:
        yield Finding(place, "it takes any text", "Name the characters that are needed, and how many.")
        return
    for is_so, what in (
        ("-" in reach.first, "it can begin with '-', like an option; such a value is refused when used"),
        ("/" in reach.any, "it can hold '/': the value could be a path"),
        ("." in reach.repeated, "it can hold '..': the value could lead out of a folder"),
        (" " in reach.any, "it can hold blanks"),
        (reach.can_be_empty, "it can be empty, which is refused when used"),
        (bool(re2.fullmatch(argument.pattern, "*")), "it can be '*', which is refused when used"),
    ):
        if is_so:
            yield Finding(place, what, "Narrow it, or take an enum or a reference.")


def _value(value: str, name: str, place: Place) -> Iterator[Finding]:
    if value.startswith("-"):
        yield Finding(place, f"{name} begins with '-': a program could read it as an option", "Rename it.")
    if "/" in value or ".." in value:
        yield Finding(place, f"{name} could be a path", "Make sure that this is meant.")


def _rows(tool: Tool, argument: Argument, place: Place, inventory: Inventory) -> Iterator[Finding]:
    rows = inventory[argument.inventory]
    for name in rows:
        if str(name).startswith("-"):
            what = f"the row {name!r} begins with '-': a program could read it as an option"
            yield Finding((argument.inventory, str(name)), what, "Rename it.", in_inventory=True)
    without = [str(name) for name, row in rows.items() if not row.get("services")]
    if without and tool.kind is ToolKind.ACTION:
        what = f"no `services` in {_few(without)}: they are never chosen for an incident by themselves"
        yield Finding(place, what, "Write services: [...] in each row.")
    nowhere = [str(name) for name, row in rows.items() if not row.get("environments")]
    if nowhere and len(tool.environments) > 1 and tool.kind is ToolKind.ACTION:
        what = (
            f"{tool.name} may touch {' and '.join(tool.environments)}, and {_few(nowhere)} could be in either"
        )
        yield Finding(place, what, "Write environments: [...] in each row, which is then held to.")


def _script(tool: Tool, place: Place) -> Iterator[Finding]:
    files = tool.call.get("files")
    for text in files if isinstance(files, list) else ():
        if not can_be_listed(tool, str(text)):
            named = ", ".join(f"{{{hole.text}}}" for hole in holes(text))
            what = f"{text!r} depends on {named}, so its scripts cannot be signed beforehand"
            yield Finding((*place, "run", "files"), what, "Name it by an enum or a reference.")


def _unsigned(tool: Tool, place: Place, inventory: Inventory) -> Iterator[Finding]:
    if tool.runner != "command":
        return
    argv, files = ([str(text) for text in _texts(tool.call.get(name))] for name in ("argv", "files"))
    listed = [path for text in files for path in filled(tool, inventory, text)]
    programs = [path for text in argv for path in filled(tool, inventory, text)]
    for path in unsigned(programs, listed):
        what = f"{path} is a script that others than root can change, and not under `files`: it is refused"
        yield Finding((*place, "run", "argv"), what, "List it under `files`, so that its sha256 is signed.")


def _texts(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _FEW_ROWS} more" if len(names) > _FEW_ROWS else ""
    return ", ".join(names[:_FEW_ROWS]) + more
