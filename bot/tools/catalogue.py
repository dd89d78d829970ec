"""The catalogue: the whitelist of checks and actions, read strictly; what is not in it cannot run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.tool import Inventory, Tool, ToolKind
from bot.errors import CatalogueError
from bot.mistakes.mistake import Mistake, line_of, told
from bot.mistakes.validation import YAML, mistakes_in
from bot.tools.cross_check import (
    Finding,
    check_inventory,
    check_references,
    check_secrets_in_calls,
    lint,
)
from bot.tools.entries import ActionEntry, CatalogueFile, CheckEntry, HttpRun
from bot.tools.runners.http import MARK
from bot.tools.strict_yaml import lines_of, load_strict

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
    inventory = _inventory_of(path, catalogue)
    texts = {"catalogue": catalogue, "inventory": _read(inventory) if inventory else ""}
    return json.dumps(texts, sort_keys=True)


def file_names(path: Path) -> tuple[str, str]:
    """How the two files of a catalogue that `read_files` has read are named to people."""
    return str(path), str(_inventory_of(path, _read(path)) or "")


def parse(content: str, names: tuple[str, str] = ("catalogue", "inventory")) -> Catalogue:
    """Read and cross-check an adopted content; `names` are those of its two files.

    Raises:
        CatalogueError: names file, line, entry, field and remedy of everything that is wrong.
    """
    texts = json.loads(content)
    raw = load_strict(texts["catalogue"], names[0])
    rows = load_strict(texts["inventory"], names[1]) if texts["inventory"] else {}
    found = list(check_inventory(rows))
    try:
        file = CatalogueFile.model_validate(raw)
    except ValidationError as error:
        wrong = mistakes_in(error, CatalogueFile, names[0], lines_of(texts["catalogue"]), YAML)
        raise CatalogueError(told([*wrong, *_mistakes(found, texts, names)])) from None
    found += check_secrets_in_calls(file, raw)
    tools: dict[str, Tool] = {}
    for name, entry in file.checks.items():
        tools[name] = _tool(name, ToolKind.CHECK, entry, raw["checks"][name])
    for name, action in file.actions.items():
        if name in tools:
            what, remedy = "a check has this name already", "Give one of the two another name."
            found.append(Finding(("actions", name), what, remedy))
        tools[name] = _tool(name, ToolKind.ACTION, action, raw["actions"][name])
    found += check_references(tools, rows)
    if found:
        raise CatalogueError(told(list(_mistakes(found, texts, names))))
    return Catalogue(tools, rows, content)


def lint_of(catalogue: Catalogue, names: tuple[str, str] = ("catalogue", "inventory")) -> list[Mistake]:
    """What was read and could never run; a catalogue that is in force already is not refused for it."""
    found = lint(catalogue.tools, catalogue.inventory)
    return list(_mistakes(found, json.loads(catalogue.content), names))


def _mistakes(
    found: Iterable[Finding], texts: Mapping[str, str], names: tuple[str, str]
) -> Iterator[Mistake]:
    """Findings with the file and line where they stand."""
    lines = [lines_of(texts[part]) if texts[part] else {} for part in ("catalogue", "inventory")]
    for finding in dict.fromkeys(found):
        number = int(finding.in_inventory)
        where = ".".join(map(str, (("inventory",) if finding.in_inventory else ()) + finding.place))
        line = line_of(lines[number], finding.place)
        yield Mistake(names[number], line, f"{where}: {finding.what}", finding.remedy)


def _inventory_of(path: Path, catalogue: str) -> Path | None:
    named = load_strict(catalogue, str(path)).get("inventory", "")
    if not isinstance(named, str) or "\x00" in named:
        line = line_of(lines_of(catalogue), ("inventory",))
        what, remedy = "inventory: expected the name of a file beside it", "Write inventory: inventory.yaml."
        raise CatalogueError(str(Mistake(str(path), line, what, remedy)))
    return path.parent / named if named else None


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "`vigie init` writes one to begin with."
        raise CatalogueError(f"{path}: {error.strerror or error}. {remedy}") from None
    if len(data) > MAX_BYTES:
        raise CatalogueError(f"{path}: larger than {MAX_BYTES} bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CatalogueError(f"{path}: not UTF-8 text. Save it as UTF-8.") from None


def _tool(name: str, kind: ToolKind, entry: CheckEntry, raw: Mapping[str, object]) -> Tool:
    call = entry.run.call()
    if isinstance(entry.run, HttpRun):
        call |= _own_secrets(entry.run.headers)
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
            "limits": entry.limits.limits(),
        }
    return Tool(**common)


def _own_secrets(headers: Mapping[str, str]) -> dict[str, object]:
    """How many secrets each header refers to, so that a runner knows them from what a value brings in."""
    counts = {name: value.count(MARK) for name, value in headers.items() if MARK in value}
    return {"secrets": counts} if counts else {}
