"""What a free text may reach: the value of a parameter, never a program, a path, a host or a query's form."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from bot.domain.tool import Argument, Tool, ToolKind
from bot.errors import ArgumentRefused
from bot.tools.runs.base import RunEntry
from bot.tools.template import holes

# What leads elsewhere: separators of paths, a parent folder, an address, and the ways to write them encoded.
_LEADS = re.compile(r"[/\\~]|\.\.|%[0-9A-Fa-f]{2}|[a-z][a-z0-9+.-]*:(?=.)|=.*[:@]", re.IGNORECASE)


def misplaced(run: RunEntry, arguments: Mapping[str, Argument]) -> Iterator[tuple[str, str, str]]:
    """Free texts that would choose a program, a path or a host: field, what, remedy."""
    for field, text in run.signed_places().items():
        for hole in holes(text):
            argument = arguments.get(hole.argument)
            if argument is not None and argument.type == "pattern":
                what = f"{{{hole.text}}} is a free text, and must not say where it goes"
                yield field, what, f"Make {hole.argument} a reference to the inventory, or an enum."


def refuse_what_leads_elsewhere(tool: Tool, arguments: Mapping[str, object]) -> None:
    """Nobody signs a check, so no free text of one may look like a path or an address to a program.

    Raises:
        ArgumentRefused: names the argument, and what to do.
    """
    if tool.kind is ToolKind.CHECK:
        names = {argument.name for argument in tool.arguments}
        _refuse(tool, arguments, names, "nobody signs a check")


def refuse_dry_run_elsewhere(tool: Tool, arguments: Mapping[str, object]) -> None:
    """The same for the call that says what an action would do, as it runs before anybody has signed.

    Raises:
        ArgumentRefused: names the argument, and what to do.
    """
    names = {hole.argument for hole in holes(tool.dry_run)}
    _refuse(tool, arguments, names, "nobody has signed it yet")


def _refuse(tool: Tool, arguments: Mapping[str, object], names: Collection[str], why: str) -> None:
    for argument in tool.arguments if tool.free_text_reaches else ():
        value = arguments.get(argument.name)
        if argument.name not in names or argument.type != "pattern" or not isinstance(value, str):
            continue
        if _LEADS.search(value):
            raise ArgumentRefused(
                f"{argument.name}: {value!r} looks like a path or an address, and would reach"
                f" {tool.free_text_reaches}; {why}. Make it a reference to the inventory."
            )
