"""What a person filled into a form, read as typed values; what it means is judged by the catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.copilot.proposals import Place
from bot.domain.tool import Argument, Tool
from bot.errors import Refused

_WHOLE = re.compile(r"-?[0-9]{1,15}")
_WRONG = {"integer": "Write a whole number.", "boolean": "Choose true or false."}
_FOREIGN = "That form is not one of ours."
Values = Mapping[str, Mapping[str, Mapping[str, Any]]]


def entered(values: Values, block_id: str) -> str:
    """What stands in one block: typed, the value of the chosen option, or the id of the chosen person; empty
    where nothing does."""
    entry = (values.get(block_id) or {}).get("value") or {}
    chosen = (entry.get("selected_option") or {}).get("value")
    return str(chosen if chosen is not None else entry.get("value") or entry.get("selected_user") or "")


def arguments_of(tool: Tool, values: Values) -> tuple[dict[str, object], dict[str, str]]:
    """The arguments by their types, and for each that has not its type what is wrong, by its name.

    An empty field is no value, so that the default of the catalogue holds.
    """
    given: dict[str, object] = {}
    wrong: dict[str, str] = {}
    for argument in tool.arguments:
        text = entered(values, f"arg:{argument.name}")
        if not text:
            continue
        value = _typed(argument, text)
        if value is None:
            wrong[argument.name] = _WRONG[argument.type]
        else:
            given[argument.name] = value
    return given, wrong


def place_of(value: str) -> Place:
    """The incident, or the service whose incident is to be opened.

    Raises:
        Refused: it is neither.
    """
    match _read(value):
        case [int(number)]:
            return Place(number)
        case [str(service), str(environment)]:
            return Place(None, service, environment)
    raise Refused(_FOREIGN)


def known_of(metadata: str) -> dict[str, Any]:
    """What a form carries about itself: the tool by name, and numbers of rows.

    Raises:
        Refused: it is not a form of ours.
    """
    known = _read(metadata)
    if not isinstance(known, dict):
        raise Refused(_FOREIGN)
    return known


def number_of(value: object) -> int | None:
    """The number of a row, or None where there is none.

    Raises:
        Refused: it is no number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(_FOREIGN)
    return value


def _typed(argument: Argument, text: str) -> object:
    if argument.type == "integer":
        return int(text) if _WHOLE.fullmatch(text) else None
    if argument.type == "boolean":
        return {"true": True, "false": False}.get(text)
    return text


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise Refused(_FOREIGN) from None
