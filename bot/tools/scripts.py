"""The scripts that a catalogue names: their sha256 is adopted with it, so no changed one runs unsigned."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.domain.tool import Argument, Inventory, Tool
from bot.errors import ArgumentRefused
from bot.tools.template import fill, holes

MISSING = "missing"
MOST = 2_000


def scripts_of(tools: Mapping[str, Tool], inventory: Inventory) -> dict[str, str]:
    """The sha256 of each file under `files`, by its path; `missing` where it cannot be read."""
    paths = {
        path
        for tool in tools.values()
        for text in _listed(tool.call.get("files"))
        for path in filled(tool, inventory, str(text))
    }
    return {path: _sha256(path) for path in sorted(paths)[:MOST]}


def refuse_changed(adopted: Mapping[str, str] | None, resolved: Mapping[str, object]) -> None:
    """Refuse a call one of whose scripts is not the one that was adopted.

    Raises:
        ArgumentRefused: names the script.
    """
    files = resolved.get("files")
    if adopted is None or not isinstance(files, Mapping):
        return
    for path, sha256 in files.items():
        if adopted.get(str(path)) != sha256:
            raise ArgumentRefused(
                f"files: {path} is not the script that is in force; its change waits for N3 to sign it."
            )


def filled(tool: Tool, inventory: Inventory, text: str) -> Iterator[str]:
    """What a text can become by rows of the inventory and choices; nothing where other values go in."""
    names = {hole.argument for hole in holes(text)}
    arguments = [argument for argument in tool.arguments if argument.name in names]
    for values in itertools.islice(itertools.product(*(_values(a, inventory) for a in arguments)), MOST):
        given = dict(zip((a.name for a in arguments), values, strict=True))
        rows = {a.name: inventory[a.inventory][given[a.name]] for a in arguments if a.type == "reference"}
        try:
            yield str(fill(text, given, rows))
        except ArgumentRefused:
            continue  # the catalogue's own check names the row


def can_be_listed(tool: Tool, text: str) -> bool:
    """Whether all that a text can become is known beforehand."""
    names = {hole.argument for hole in holes(text)}
    return all(a.type in ("reference", "enum") for a in tool.arguments if a.name in names)


def _values(argument: Argument, inventory: Inventory) -> list[str]:
    if argument.type == "reference":
        return list(inventory.get(argument.inventory, {}))
    return list(argument.choices)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []


def _sha256(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except (OSError, ValueError):
        return MISSING
