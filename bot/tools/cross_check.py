"""What must hold between the entries of a catalogue, its inventory, and what is written in calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.tool import Argument, Inventory, Tool, ToolKind, Use
from bot.errors import ArgumentRefused
from bot.mistakes.mistake import Place, nearest
from bot.tools.arguments import validate_one
from bot.tools.entries import CatalogueFile
from bot.tools.runs.http import MARK
from bot.tools.runs.reach import misplaced
from bot.tools.template import Hole, holes


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place of the catalogue, or of the inventory; `file` where that is not plain."""

    place: Place
    what: str
    remedy: str
    in_inventory: bool = False
    file: str = ""


def check_inventory(rows_by_kind: Mapping[str, Any]) -> Iterator[Finding]:
    """Rows by kind and id, and no secret among them."""
    place: Place
    remedy = "Write for example orders-1: {url: http://10.0.0.5:8080}."
    for kind, rows in rows_by_kind.items():
        if not isinstance(rows, Mapping):
            yield Finding((kind,), "expected rows, each an id with its fields", remedy, in_inventory=True)
            continue
        for name, row in rows.items():
            if not isinstance(row, Mapping):
                place = (kind, str(name))
                yield Finding(place, "expected rows, each an id with its fields", remedy, in_inventory=True)
    for place in _places_of_secrets(rows_by_kind, ()):
        yield _misplaced_secret(place, in_inventory=True)


def check_secrets_in_calls(file: CatalogueFile, raw: Mapping[str, Any]) -> Iterator[Finding]:
    """A secret may be referred to in the value of a header in `run`, written as {secret:NAME}."""
    place: Place
    for section, entries in (("checks", file.checks), ("actions", file.actions)):
        for name, entry in entries.items():
            checked: dict[str, object] = dict(raw[section][name])
            if headers := getattr(entry.run, "headers", None):
                checked["run"] = {**raw[section][name]["run"], "headers": dict.fromkeys(headers, "")}
            for place in _places_of_secrets(checked, (section, name)):
                yield _misplaced_secret(place)


def check_runs(file: CatalogueFile) -> Iterator[Finding]:
    """Holes stand where they stay values, and no free text says where a call goes."""
    for section, entries in (("checks", file.checks), ("actions", file.actions)):
        for name, entry in entries.items():
            arguments = {key: argument.value(key) for key, argument in entry.arguments.items()}
            for field, what, remedy in (*entry.run.mistakes(), *misplaced(entry.run, arguments)):
                yield Finding((section, name, "run", *field.split(".")), what, remedy)


def check_references(tools: Mapping[str, Tool], inventory: Inventory) -> Iterator[Finding]:
    """Every hole, argument and other tool that an entry refers to is there."""
    for tool in tools.values():
        place: Place = (f"{tool.kind.value}s", tool.name)
        names = [argument.name for argument in tool.arguments]
        for hole in holes(tool.call):
            if hole.argument not in names:
                yield Finding(
                    (*place, "run"),
                    f"{{{hole.text}}} names no argument of this tool",
                    _one_of(hole.argument, names),
                )
        for argument in tool.arguments:
            if argument.type == "reference" and argument.inventory not in inventory:
                what = f"the inventory has no {argument.inventory!r}"
                yield Finding(
                    (*place, "arguments", argument.name), what, _one_of(argument.inventory, list(inventory))
                )
        for field, use, kind in _uses(tool):
            yield from _check_use(tools, (*place, field), use, kind)


def lint(tools: Mapping[str, Tool], inventory: Inventory) -> Iterator[Finding]:
    """What can be read, and could never run: found before anybody needs it."""
    for tool in tools.values():
        place: Place = (f"{tool.kind.value}s", tool.name)
        yield from _lint_scope(tool, place)
        yield from _lint_call(tool, place, inventory)
        for argument in tool.arguments:
            yield from _lint_argument(argument, (*place, "arguments", argument.name), inventory)
        own = {argument.name for argument in tool.arguments}
        for field, use, _ in _uses(tool):
            yield from _lint_use(tools[use.tool], use, (*place, field), own, inventory)


def _uses(tool: Tool) -> Iterator[tuple[str, Use, ToolKind]]:
    for field, use, kind in (
        ("precondition", tool.precondition, ToolKind.CHECK),
        ("verification", tool.verification, ToolKind.CHECK),
        ("undo", tool.undo, ToolKind.ACTION),
    ):
        if use is not None:
            yield field, use, kind


def _check_use(tools: Mapping[str, Tool], place: Place, use: Use, kind: ToolKind) -> Iterator[Finding]:
    other = tools.get(use.tool)
    if other is None or other.kind is not kind:
        known = [tool.name for tool in tools.values() if tool.kind is kind]
        yield Finding(place, f"there is no {kind.value} named {use.tool!r}", _one_of(use.tool, known))
        return
    known = [argument.name for argument in other.arguments]
    for name in use.arguments:
        if name not in known:
            yield Finding(place, f"{other.name} has no argument {name!r}", _one_of(name, known))
    if kind is ToolKind.CHECK and other.reads is None:
        what = f"{other.name} needs `reads`, or its result cannot be judged"
        yield Finding(place, what, f"Write `reads` with `value` and `healthy` under checks.{other.name}.")


def _lint_scope(tool: Tool, place: Place) -> Iterator[Finding]:
    for field, names in (("environments", tool.environments), ("services", tool.services)):
        for number, name in enumerate(names):
            if any(mark in name for mark in "*?"):
                what = f"{name!r} is compared as it is, so it fits nothing"
                yield Finding((*place, field, number), what, "Name each of them.")


def _lint_shell(argv: list[object], place: Place) -> Iterator[Finding]:
    """A value that a shell or an interpreter reads as a program is no value any more."""
    words = [str(word) for word in argv]
    names = [word.rpartition("/")[2] for word in words]
    programs = names if names[0] in _WRAPPERS else names[:1]
    if not _INTERPRETERS & set(programs):
        return
    for number, word in enumerate(words[:-1], start=1):
        if _READS_PROGRAM.fullmatch(word) and any(holes(words[number])):
            what = f"{words[0]} would read the argument in {words[number]!r} as a program"
            remedy = "Call the program itself, or a script under `files` with the value as its argument."
            yield Finding((*place, number), what, remedy)


_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "busybox"})
# Programs that carry out the rest of their arguments.
_WRAPPERS = frozenset({"chroot", "doas", "env", "ionice", "nice", "nohup", "nsenter", "runuser"})
_WRAPPERS |= {"setsid", "su", "sudo", "timeout", "xargs"}
_READS_PROGRAM = re.compile("-[A-Za-z]*[ce]|--eval|--command")
_INTERPRETERS = _SHELLS | {"python", "python3", "perl", "ruby", "node", "php", "psql", "mysql"}


def _lint_call(tool: Tool, place: Place, inventory: Inventory) -> Iterator[Finding]:
    call, dry = tool.call, tool.dry_run or {}
    for field, argv in (("argv", call.get("argv")), ("dry_run", dry.get("argv"))):
        if not isinstance(argv, list):
            continue
        where = (*place, "run", field)
        if not str(argv[0]).startswith(("/", "{")):
            what = f"the program {argv[0]!r} is not an absolute path"
            yield Finding((*where, 0), what, "Write where it is, for example /usr/bin/systemctl.")
        yield from _lint_shell(argv, where)
    url = str(call.get("url", "http://"))
    if not url.startswith(("http://", "https://", "{")):
        yield Finding(
            (*place, "run", "url"), "it must begin with http:// or https://", "Write the whole address."
        )
    arguments = {argument.name: argument for argument in tool.arguments}
    for hole in holes(call):
        yield from _lint_hole(hole, arguments[hole.argument], (*place, "run"), inventory)


def _lint_hole(hole: Hole, argument: Argument, place: Place, inventory: Inventory) -> Iterator[Finding]:
    if not hole.field:
        return
    if argument.type != "reference":
        what = f"{{{hole.text}}} asks for a field, and {hole.argument} is no reference"
        yield Finding(place, what, f"Write {{{hole.argument}}}, or make it a reference to the inventory.")
        return
    for name, row in inventory[argument.inventory].items():
        if hole.field not in row:
            needs = ".".join(map(str, place[:2]))
            what = f"it has no field {hole.field!r}, which {needs} needs"
            yield Finding(
                (argument.inventory, str(name)), what, f"Add `{hole.field}: ...` to it.", in_inventory=True
            )


def _lint_argument(argument: Argument, place: Place, inventory: Inventory) -> Iterator[Finding]:
    low, high = argument.minimum, argument.maximum
    if argument.type == "integer" and low is not None and high is not None and low > high:
        yield Finding(place, f"minimum {low} is more than maximum {high}", "Swap them.")
    elif argument.type == "reference" and not inventory[argument.inventory]:
        yield Finding(place, f"the inventory has no row of {argument.inventory!r}", "Add one.")
    elif argument.default is not None:
        yield from _refusals(argument, argument.default, (*place, "default"), inventory)


def _lint_use(other: Tool, use: Use, place: Place, own: set[str], inventory: Inventory) -> Iterator[Finding]:
    for argument in other.arguments:
        given = use.arguments.get(argument.name, argument.default)
        if given is None:
            what = f"{other.name} needs the argument {argument.name!r}"
            remedy = f'Write arguments: {{{argument.name}: "{{{argument.name}}}"}}, or a value.'
            yield Finding(place, what, remedy)
            continue
        found = list(holes(given))
        for hole in found:
            if hole.argument not in own:
                what = f"{{{hole.text}}} names no argument of this tool"
                yield Finding((*place, "arguments", argument.name), what, _one_of(hole.argument, sorted(own)))
        if not found and argument.name in use.arguments:
            yield from _refusals(argument, given, (*place, "arguments", argument.name), inventory)


def _refusals(argument: Argument, value: object, place: Place, inventory: Inventory) -> Iterator[Finding]:
    """What would be refused if a person gave it."""
    try:
        validate_one(argument, value, inventory)
    except ArgumentRefused as error:
        yield Finding(place, error.detail.rstrip("."), "Write a value that its own declaration allows.")


def _one_of(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    if near:
        return f"Did you mean {near!r}?"
    return f"Known: {', '.join(known[:8])}." if known else "Take it out, or declare it first."


def _misplaced_secret(place: Place, *, in_inventory: bool = False) -> Finding:
    what = "only the value of a header in `run` may refer to a secret"
    return Finding(place, what, "Move it there, and take it out here.", in_inventory)


def _places_of_secrets(raw: object, place: Place) -> Iterator[Place]:
    """Where a text, keys too, refers to a secret."""
    if isinstance(raw, str):
        if MARK in raw:
            yield place
    elif isinstance(raw, Mapping):
        for key, inner in raw.items():
            if MARK in str(key):
                yield place
            yield from _places_of_secrets(inner, (*place, str(key)))
    elif isinstance(raw, list | tuple):
        for number, inner in enumerate(raw):
            yield from _places_of_secrets(inner, (*place, number))
