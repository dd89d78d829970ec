"""Holes in a call: `{argument}` or `{argument.field}` of its inventory row; a value goes in as it is, once.

There is no expression language and no shell: a value cannot become a second argument or another hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.domain.tool import shown
from bot.errors import ArgumentRefused

_HOLE = re.compile(r"\{([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\}")


@dataclass(frozen=True, slots=True)
class Hole:
    """One hole: which argument, and which field of the row that it names."""

    text: str
    argument: str
    field: str


def holes(call: object) -> Iterator[Hole]:
    """All holes in a call, however deep."""
    if isinstance(call, str):
        for match in _HOLE.finditer(call):
            yield Hole(match.group(0)[1:-1], match.group(1), match.group(2) or "")
    elif isinstance(call, Mapping):
        for inner in call.values():
            yield from holes(inner)
    elif isinstance(call, list | tuple):
        for inner in call:
            yield from holes(inner)


def fill(call: object, values: Mapping[str, object], rows: Mapping[str, Mapping[str, object]]) -> object:
    """The call with every hole filled; a text that is one hole keeps the value's type.

    Raises:
        ArgumentRefused: a hole has no value, or the inventory row lacks the field.
    """
    if isinstance(call, str):
        whole = _HOLE.fullmatch(call)
        if whole:
            return _value(whole, values, rows)
        return _HOLE.sub(lambda match: shown(_value(match, values, rows)), call)
    if isinstance(call, Mapping):
        return {key: fill(inner, values, rows) for key, inner in call.items()}
    if isinstance(call, list | tuple):
        return [fill(inner, values, rows) for inner in call]
    return call


def _value(
    match: re.Match[str], values: Mapping[str, object], rows: Mapping[str, Mapping[str, object]]
) -> object:
    name, field = match.group(1), match.group(2)
    if field:
        row = rows.get(name, {})
        if field not in row:
            raise ArgumentRefused(f"{name}: its inventory row has no field {field!r}.")
        return row[field]
    if name not in values:
        raise ArgumentRefused(f"{name}: a value is needed.")
    return values[name]
