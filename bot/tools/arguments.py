"""Arguments are checked against their declaration, strictly; what comes out is what is stored and run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import re2

from bot.domain.tool import Argument, Inventory, Tool
from bot.errors import ArgumentRefused
from bot.sign_off.confusable import nearest_alike, quoted

MAX_TEXT = 512


def validate(tool: Tool, arguments: Mapping[str, object], inventory: Inventory) -> dict[str, object]:
    """The arguments in the order of their declaration, defaults filled in.

    Raises:
        ArgumentRefused: names the argument and what it must be.
    """
    unknown = [name for name in arguments if name not in {a.name for a in tool.arguments}]
    if unknown:
        raise ArgumentRefused(f"{unknown[0]!r}: {tool.name} has no such argument.")
    checked: dict[str, object] = {}
    for argument in tool.arguments:
        value = arguments.get(argument.name, argument.default)
        if value is None:
            raise ArgumentRefused(f"{argument.name}: a value is needed.")
        validate_one(argument, value, inventory)
        checked[argument.name] = value
    return checked


def validate_one(argument: Argument, value: object, inventory: Inventory) -> None:
    """Check one value against its declaration.

    Raises:
        ArgumentRefused: names the argument and what it must be.
    """
    _CHECKS[argument.type](argument, value, inventory)


def rows_of(
    tool: Tool, arguments: Mapping[str, object], inventory: Inventory
) -> dict[str, Mapping[str, object]]:
    """The inventory row of every reference argument, by argument name."""
    return {
        argument.name: inventory[argument.inventory][str(arguments[argument.name])]
        for argument in tool.arguments
        if argument.type == "reference"
    }


def _enum(argument: Argument, value: object, inventory: Inventory) -> None:
    if value not in argument.choices or not isinstance(value, str):
        raise ArgumentRefused(
            f"{argument.name}: must be one of {', '.join(argument.choices)}.{_alike(value, argument.choices)}"
        )


def _integer(argument: Argument, value: object, inventory: Inventory) -> None:
    low, high = argument.minimum, argument.maximum
    assert low is not None and high is not None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ArgumentRefused(f"{argument.name}: must be a whole number from {low} to {high}.")


def _boolean(argument: Argument, value: object, inventory: Inventory) -> None:
    if not isinstance(value, bool):
        raise ArgumentRefused(f"{argument.name}: must be true or false.")


def _pattern(argument: Argument, value: object, inventory: Inventory) -> None:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ArgumentRefused(f"{argument.name}: must be a text of at most {MAX_TEXT} characters.")
    if not value.strip("*?% "):
        what = "must not be empty or a wildcard alone, which could mean everything"
        raise ArgumentRefused(f"{argument.name}: {what}.")
    if not value.isprintable() or not value.isascii():
        raise ArgumentRefused(f"{argument.name}: control and non-ASCII characters are not allowed.")
    if value.startswith("-"):
        raise ArgumentRefused(f"{argument.name}: must not begin with '-', it could be read as an option.")
    if not re2.fullmatch(argument.pattern, value):
        raise ArgumentRefused(f"{argument.name}: must match {argument.pattern} as a whole.")


def _reference(argument: Argument, value: object, inventory: Inventory) -> None:
    known = inventory[argument.inventory]
    if not isinstance(value, str) or value not in known:
        names = ", ".join(sorted(known)[:8])
        raise ArgumentRefused(
            f"{argument.name}: must be one of the inventory's {argument.inventory}: {names}."
            f"{_alike(value, known)}"
        )


def _alike(value: object, known: Iterable[str]) -> str:
    """Says so where a value only looks like one that is known: it never passes for it."""
    other = nearest_alike(value, known) if isinstance(value, str) else ""
    return f" {quoted(str(value))} only looks like {other}; it is another text." if other else ""


_CHECKS = {
    "enum": _enum,
    "integer": _integer,
    "boolean": _boolean,
    "pattern": _pattern,
    "reference": _reference,
}
