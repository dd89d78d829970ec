"""What a free text may reach: the value of a parameter, never a program, a path, a host or a query's form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

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
    if tool.kind is not ToolKind.CHECK or not tool.free_text_reaches:
        return
    for argument in tool.arguments:
        value = arguments.get(argument.name)
        if argument.type == "pattern" and isinstance(value, str) and _LEADS.search(value):
            raise ArgumentRefused(
                f"{argument.name}: {value!r} looks like a path or an address, and would reach"
                f" {tool.free_text_reaches}; nobody signs a check. Make it a reference to the inventory."
            )
