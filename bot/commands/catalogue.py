"""`vigie catalogue check`: validates the whitelist and prints each tool."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bot import settings as settings_module
from bot.errors import CatalogueError
from bot.mistakes.mistake import told
from bot.tools.catalogue import file_names, lint_of, parse, read_files


def check(config: Path, file: Path | None) -> int:
    """Validate a catalogue and print each tool with what it does and needs; exit 1 with all that is wrong."""
    path = file or settings_module.load(config, only=()).catalogue
    content, names = read_files(path), file_names(path)
    try:
        catalogue = parse(content, names)
        if wrong := lint_of(catalogue, names):
            raise CatalogueError(told(wrong))
    except CatalogueError as error:
        print(f"vigie: {error}", file=sys.stderr)
        return 1
    for tool in sorted(catalogue.tools.values(), key=lambda tool: (tool.kind, tool.name)):
        print(f"{tool.kind.value} {tool.name}: {tool.title}")
        print(f"    {tool.does}")
        print(f"    runs by {tool.runner}: {json.dumps(tool.call, sort_keys=True)}")
        print(
            f"    may touch {', '.join(tool.services)} in {', '.join(tool.environments)}; owner {tool.owner}"
        )
        for argument in tool.arguments:
            print(f"    argument {argument.name}: {argument.type}")
        if tool.verification:
            undo = tool.undo.tool if tool.undo else f"none ({tool.no_undo})"
            print(f"    risk {tool.risk.value}; verified by {tool.verification.tool}; undo: {undo}")
    print(f"{len(catalogue.tools)} tools, no errors.")
    return 0
