"""The catalogue: the whitelist of checks and actions, read strictly; what is not in it cannot run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.domain.tool import Inventory, Tool, ToolKind
from bot.errors import CatalogueError
from bot.mistakes.mistake import Mistake, told
from bot.mistakes.validation import YAML, mistakes_in
from bot.tools.contents import MAX_BYTES, Contents, folder_of, read_contents
from bot.tools.cross_check import (
    Finding,
    check_inventory,
    check_references,
    check_runs,
    check_secrets_in_calls,
    lint,
)
from bot.tools.dangers import dangers
from bot.tools.entries import ActionEntry, CatalogueFile, CheckEntry
from bot.tools.inventory import merge_rows
from bot.tools.places import Places
from bot.tools.runs import RunEntry
from bot.tools.runs.http import MARK
from bot.tools.scripts import scripts_of
from bot.tools.strict_yaml import lines_of, load_strict

__all__ = [
    "MAX_BYTES",
    "Catalogue",
    "dangers_of",
    "file_names",
    "lint_of",
    "parse",
    "read_files",
]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tools by name, the inventory that their arguments refer to, and the text it was read from.

    `scripts` are those that it names, by path, with their sha256; None where they were not adopted with it.
    `places` says in which file each tool stands.
    """

    tools: Mapping[str, Tool]
    inventory: Inventory
    content: str
    scripts: Mapping[str, str] | None = None
    places: Mapping[str, str] = field(default_factory=dict)

    def tool(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            CatalogueError: there is none.
        """
        if name not in self.tools:
            raise CatalogueError(f"There is no tool named {name!r}.")
        return self.tools[name]


def read_files(path: Path) -> str:
    """A catalogue, its inventories and the sha256 of its scripts as one text, in which it is adopted.

    `path` is a file, a folder, or a pattern of files.

    Raises:
        CatalogueError: a file is missing, too large, or not YAML.
    """
    contents = read_contents(path)
    try:
        found = parse(contents.text(), file_names(path))
    except CatalogueError:
        return contents.text()  # whoever reads it says what is wrong with it
    return contents.with_scripts(scripts_of(found.tools, found.inventory)).text()


def file_names(path: Path) -> Path:
    """What the names of a catalogue's files are relative to, to name them to people."""
    return folder_of(path)


def parse(content: str, names: Path | None = None) -> Catalogue:
    """Read and cross-check an adopted content; `names` is what its files are told relative to.

    Raises:
        CatalogueError: names file, line, entry, field and remedy of everything that is wrong.
    """
    contents = Contents.parse(content)
    places = Places(contents, names)
    raws = {name: load_strict(text, places.shown(name)) for name, text in contents.catalogues.items()}
    rows, found = merge_rows(contents.inventories, places.shown)
    found += check_inventory(rows)
    files = _validated(raws, contents, places, found)
    tools: dict[str, Tool] = {}
    for name, file in files.items():
        wrong = (*check_secrets_in_calls(file, raws[name]), *check_runs(file))
        found += [replace(one, file=name) for one in wrong]
        found += [replace(one, file=name) for one in _add_tools(name, file, raws[name], tools, places)]
    found += check_references(tools, rows)
    if found:
        raise CatalogueError(told(list(places.mistakes(found))))
    return Catalogue(tools, rows, content, contents.scripts, places.files)


def lint_of(catalogue: Catalogue, names: Path | None = None) -> list[Mistake]:
    """What was read and could never run; a catalogue that is in force already is not refused for it."""
    places = Places(Contents.parse(catalogue.content), names, catalogue.places)
    return list(places.mistakes(lint(catalogue.tools, catalogue.inventory)))


def dangers_of(catalogue: Catalogue, names: Path | None = None) -> list[Mistake]:
    """What could run, and had better not as it stands: for people to judge."""
    places = Places(Contents.parse(catalogue.content), names, catalogue.places)
    return list(places.mistakes(dangers(catalogue.tools, catalogue.inventory)))


def _validated(
    raws: Mapping[str, dict[str, Any]], contents: Contents, places: Places, found: list[Finding]
) -> dict[str, CatalogueFile]:
    """Each file in its shape; what is wrong in all of them is told at once, with what was `found` before."""
    files, wrong = {}, []
    for name, raw in raws.items():
        try:
            files[name] = CatalogueFile.model_validate(raw)
        except ValidationError as error:
            lines = lines_of(contents.catalogues[name])
            wrong += mistakes_in(error, CatalogueFile, places.shown(name), lines, YAML)
    if wrong:
        raise CatalogueError(told([*wrong, *places.mistakes(found)]))
    return files


def _add_tools(
    name: str, file: CatalogueFile, raw: Mapping[str, Any], tools: dict[str, Tool], places: Places
) -> Iterator[Finding]:
    """Add the tools of one file to those of others; a name stands once in all of them."""
    kinds: tuple[tuple[ToolKind, Mapping[str, CheckEntry]], ...] = (
        (ToolKind.CHECK, file.checks),
        (ToolKind.ACTION, file.actions),
    )
    for kind, entries in kinds:
        for key, entry in entries.items():
            section = f"{kind.value}s"
            if key in tools:
                what = f"a {tools[key].kind.value} has this name already, in {places.tool(tools[key])}"
                yield Finding((section, key), what, "Give one of the two another name.")
                continue
            tools[key] = _tool(key, kind, entry, raw[section][key])
            places.files[key] = name


def _tool(name: str, kind: ToolKind, entry: CheckEntry, raw: Mapping[str, object]) -> Tool:
    call = entry.run.call(only_reads=kind is ToolKind.CHECK) | _own_secrets(entry.run)
    dry_run = entry.run.dry_call()
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
        "dry_run": dry_run | _own_secrets(entry.run) if dry_run is not None else None,
        "secrets": entry.run.names_of_secrets(),
        "free_text_reaches": entry.run.free_text_reaches,
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


def _own_secrets(run: RunEntry) -> dict[str, object]:
    """How many secrets each header refers to, so that a runner knows them from what a value brings in."""
    headers: Mapping[str, str] = getattr(run, "headers", {})
    counts = {name: value.count(MARK) for name, value in headers.items() if MARK in value}
    return {"secrets": counts} if counts else {}
