"""Holes in a call: `{argument}` or `{argument.field}` of its inventory row; a value goes in as it is, once.

There is no expression language and no shell: a value cannot become a second argument or another hole. Where
a call is read by something else (an address, a query), a runner's entry writes the hole as `{argument|way}`:
`WAYS` says how the value is written there, so that it stays one value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from bot.domain.tool import shown
from bot.errors import ArgumentRefused

_HOLE = re.compile(r"\{([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?(?:\|(url|label|regex|number|count))?\}")


def _label(text: str) -> str:
    """Within the double quotes of PromQL or LogQL, which escape as Go does."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _regex(text: str) -> str:
    """A literal within a regular expression within such quotes."""
    return _label(re.sub(r"([!-/:-@\[-^`{-~])", r"\\\1", text))


def _number(text: str) -> str:
    if not re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text):
        raise ArgumentRefused(f"{text!r} stands where only a number may.")
    return text


def _count(text: str) -> str:
    if not re.fullmatch(r"\d{1,9}", text):
        raise ArgumentRefused(f"{text!r} stands where only a whole number of 0 or more may.")
    return text


WAYS: Mapping[str, Callable[[str], str]] = {
    "url": lambda text: quote(text, safe=""),
    "label": _label,
    "regex": _regex,
    "number": _number,
    "count": _count,
}


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
            text = match.group(0)[1:-1].partition("|")[0]
            yield Hole(text, match.group(1), match.group(2) or "")
    elif isinstance(call, Mapping):
        for inner in call.values():
            yield from holes(inner)
    elif isinstance(call, list | tuple):
        for inner in call:
            yield from holes(inner)


def fill(call: object, values: Mapping[str, object], rows: Mapping[str, Mapping[str, object]]) -> object:
    """The call with every hole filled; a text that is one plain hole keeps the value's type.

    Raises:
        ArgumentRefused: a hole has no value, or the inventory row lacks the field.
    """
    if isinstance(call, str):
        whole = _HOLE.fullmatch(call)
        if whole and not whole.group(3):
            return _value(whole, values, rows)
        return _HOLE.sub(lambda match: _written(match, values, rows), call)
    if isinstance(call, Mapping):
        return {key: fill(inner, values, rows) for key, inner in call.items()}
    if isinstance(call, list | tuple):
        return [fill(inner, values, rows) for inner in call]
    return call


def marked(text: str, way: Callable[[re.Match[str]], str]) -> str:
    """The text with each plain hole written as `{hole|way}`; an empty way leaves the hole as it is."""

    def mark(match: re.Match[str]) -> str:
        chosen = way(match)
        return f"{{{match.group(0)[1:-1]}|{chosen}}}" if chosen else match.group(0)

    return _HOLE.sub(mark, text)


def _written(
    match: re.Match[str], values: Mapping[str, object], rows: Mapping[str, Mapping[str, object]]
) -> str:
    text = shown(_value(match, values, rows))
    return WAYS[match.group(3)](text) if match.group(3) else text


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
