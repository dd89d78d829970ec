"""The catalogue: the whitelist of checks and actions, read strictly; what is not in it cannot run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.tool import Inventory, Tool, ToolKind, Use
from bot.errors import CatalogueError
from bot.tools.entries import ActionEntry, CatalogueFile, CheckEntry, HttpRun
from bot.tools.runners.http import MARK, SECRET
from bot.tools.strict_yaml import load_strict
from bot.tools.template import holes

MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tools by name, the inventory that their arguments refer to, and the text it was read from."""

    tools: Mapping[str, Tool]
    inventory: Inventory
    content: str

    def tool(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            CatalogueError: there is none.
        """
        if name not in self.tools:
            raise CatalogueError(f"There is no tool named {name!r}.")
        return self.tools[name]


def read_files(path: Path) -> str:
    """The content of a catalogue file and its inventory as one text, the form in which it is adopted.

    Raises:
        CatalogueError: a file is missing, too large, or not YAML.
    """
    catalogue = _read(path)
    named = load_strict(catalogue, path.name).get("inventory", "")
    if not isinstance(named, str):
        raise CatalogueError(f"{path.name}: inventory: expected the name of a file beside it.")
    inventory = _read(path.parent / named) if named else ""
    return json.dumps({"catalogue": catalogue, "inventory": inventory}, sort_keys=True)


def parse(content: str) -> Catalogue:
    """Read and cross-check an adopted content.

    Raises:
        CatalogueError: names the entry and field that is wrong, and what is expected.
    """
    texts = json.loads(content)
    raw = load_strict(texts["catalogue"], "catalogue")
    inventory = _inventory(load_strict(texts["inventory"], "inventory") if texts["inventory"] else {})
    try:
        file = CatalogueFile.model_validate(raw)
    except ValidationError as error:
        raise CatalogueError(_first_problem(error)) from None
    tools: dict[str, Tool] = {}
    for name, entry in file.checks.items():
        tools[name] = _tool(name, ToolKind.CHECK, entry, raw["checks"][name])
    for name, action in file.actions.items():
        if name in tools:
            raise CatalogueError(f"actions.{name}: a check has this name already.")
        tools[name] = _tool(name, ToolKind.ACTION, action, raw["actions"][name])
    _cross_check(tools, inventory)
    return Catalogue(tools, inventory, content)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CatalogueError(f"{path}: {error.strerror or error}.") from None
    if len(data) > MAX_BYTES:
        raise CatalogueError(f"{path}: larger than {MAX_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CatalogueError(f"{path}: not UTF-8 text.") from None


def _inventory(raw: Mapping[str, Any]) -> Inventory:
    for kind, rows in raw.items():
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            raise CatalogueError(f"inventory.{kind}: expected rows, each an id with its fields.")
    _refuse_secrets(raw, "inventory")
    return raw


def _tool(name: str, kind: ToolKind, entry: CheckEntry, raw: Mapping[str, object]) -> Tool:
    where = f"{kind.value}s.{name}"
    call = entry.run.call()
    checked: dict[str, object] = dict(raw)
    if isinstance(entry.run, HttpRun):
        call |= _own_secrets(entry.run.headers, where)
        checked["run"] = entry.run.call() | {"headers": dict.fromkeys(entry.run.headers, "")}
    _refuse_secrets(checked, where)
    common: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "title": entry.title,
        "does": entry.does,
        "runner": entry.run.runner,
        "call": call,
        "arguments": tuple(argument.value(key) for key, argument in entry.arguments.items()),
        "timeout_s": entry.timeout_s,
        "output_cap": entry.output_cap,
        "environments": tuple(entry.environments),
        "services": tuple(entry.services),
        "owner": entry.owner,
        "entry": json.loads(json.dumps(raw, default=str)),
        "reads": entry.reads.value_() if entry.reads else None,
    }
    if isinstance(entry, ActionEntry):
        common |= {
            "risk": entry.risk,
            "expected_effect": entry.expected_effect,
            "precondition": entry.precondition.use(),
            "verification": entry.verification.use(),
            "undo": entry.undo.use() if entry.undo else None,
            "no_undo": entry.no_undo,
        }
    return Tool(**common)


def _own_secrets(headers: Mapping[str, str], where: str) -> dict[str, object]:
    """How many secrets each header refers to, so that a runner knows them from what a value brings in."""
    for name, value in headers.items():
        if MARK in SECRET.sub("", value):
            raise CatalogueError(f"{where}.run.headers.{name}: a secret is written {{secret:NAME}}.")
    counts = {name: value.count(MARK) for name, value in headers.items() if MARK in value}
    return {"secrets": counts} if counts else {}


def _refuse_secrets(raw: object, where: str) -> None:
    for place, text in _texts(raw, where):
        if MARK in text:
            raise CatalogueError(f"{place}: only the value of a header in `run` may refer to a secret.")


def _texts(raw: object, where: str) -> Iterator[tuple[str, str]]:
    """Every text, keys too, with its place."""
    if isinstance(raw, str):
        yield where, raw
    elif isinstance(raw, Mapping):
        for key, inner in raw.items():
            yield where, str(key)
            yield from _texts(inner, f"{where}.{key}")
    elif isinstance(raw, list | tuple):
        for number, inner in enumerate(raw):
            yield from _texts(inner, f"{where}.{number}")


def _cross_check(tools: Mapping[str, Tool], inventory: Inventory) -> None:
    for tool in tools.values():
        where = f"{tool.kind.value}s.{tool.name}"
        names = {argument.name for argument in tool.arguments}
        for hole in holes(tool.call):
            if hole.argument not in names:
                raise CatalogueError(f"{where}.run: {{{hole.text}}} names no argument of this tool.")
        for argument in tool.arguments:
            if argument.type == "reference" and argument.inventory not in inventory:
                raise CatalogueError(
                    f"{where}.arguments.{argument.name}: the inventory has no {argument.inventory!r}."
                )
        for field, use, kind in (
            ("precondition", tool.precondition, ToolKind.CHECK),
            ("verification", tool.verification, ToolKind.CHECK),
            ("undo", tool.undo, ToolKind.ACTION),
        ):
            _check_use(tools, f"{where}.{field}", use, kind)


def _check_use(tools: Mapping[str, Tool], where: str, use: Use | None, kind: ToolKind) -> None:
    if use is None:
        return
    other = tools.get(use.tool)
    if other is None or other.kind is not kind:
        raise CatalogueError(f"{where}: there is no {kind.value} named {use.tool!r}.")
    known = {argument.name for argument in other.arguments}
    unknown = set(use.arguments) - known
    if unknown:
        raise CatalogueError(f"{where}: {other.name} has no argument {sorted(unknown)[0]!r}.")
    if kind is ToolKind.CHECK and other.reads is None:
        raise CatalogueError(f"{where}: {other.name} needs `reads`, or its result cannot be judged.")


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"] if part not in ("command", "http"))
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message = "unknown key; take it out or correct its spelling"
    return f"{where}: {message}."


__all__ = ["Catalogue", "parse", "read_files"]
