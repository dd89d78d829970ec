"""The tools that a model is given: they only read, and what they give is fenced like all evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import prompts
from bot.domain.evidence import Evidence
from bot.domain.investigation import PLAN, READ, SEARCH, Bounds, Given, Wish
from bot.domain.tool import Argument, Inventory, Tool

CHECK = "check_"
LONGEST_NAME = 64
LONGEST = 400
MOST_CHECKS = 20
MOST_CHOICES = 30


class Offer:
    """The tools of one investigation, as endpoints want them described, and what each call of one wishes."""

    def __init__(self, checks: Sequence[Tool], inventory: Inventory, service: str) -> None:
        self._checks = {f"{CHECK}{tool.name}"[:LONGEST_NAME]: tool for tool in checks[:MOST_CHECKS]}
        described = [_check(name, tool, inventory, service) for name, tool in self._checks.items()]
        self.tools: list[dict[str, Any]] = [*_OWN, *described]
        self.form = json.dumps(self.tools, separators=(",", ":"))

    def has(self, name: str) -> bool:
        return name in self._checks or name in (SEARCH, READ, PLAN)

    def wish(self, name: str, arguments: Mapping[str, object]) -> Wish:
        """What is asked for; a tool that was never offered is a check that does not exist."""
        tool = self._checks.get(name)
        what = tool.name if tool else name if name in (SEARCH, READ, PLAN) else f"{name}?"
        return Wish(what, arguments)


def told(given: Given, bounds: Bounds) -> str:
    """What a model is told of one reading: fenced, with the number under which it can be cited."""
    if not given.pieces:
        return prompts.line(given.said, LONGEST)
    share = max(bounds.characters // len(given.pieces), LONGEST)
    return "\n".join(_fenced(piece, share) for piece in given.pieces)


def _fenced(piece: Evidence, limit: int) -> str:
    text = piece.shown
    if len(text) > limit:
        note = f'[shortened; {READ} with evidence "{piece.id}" and a word in find gives lines of all of it]'
        text = f"{text[:limit].rstrip()}\n{note}"
    return prompts.fence(text, f"evidence {piece.id}, {piece.kind.value}")


def _check(name: str, tool: Tool, inventory: Inventory, service: str) -> dict[str, Any]:
    properties = {a.name: _schema(a, inventory, service) for a in tool.arguments}
    needed = [a.name for a in tool.arguments if a.default is None and a.type != "reference"]
    return _function(name, f"{tool.title}: {tool.does}"[:LONGEST], properties, needed)


def _schema(argument: Argument, inventory: Inventory, service: str) -> dict[str, Any]:
    """The declaration of one argument; the catalogue judges the value again, whatever is said here."""
    schema: dict[str, Any] = {"description": argument.title} if argument.title else {}
    if argument.type == "enum":
        return schema | {"type": "string", "enum": list(argument.choices[:MOST_CHOICES])}
    if argument.type == "integer":
        return schema | {"type": "integer", "minimum": argument.minimum, "maximum": argument.maximum}
    if argument.type == "boolean":
        return schema | {"type": "boolean"}
    if argument.type == "reference":
        rows = inventory.get(argument.inventory, {})
        mine = [name for name, row in rows.items() if _is_for(row, service)]
        return schema | {"type": "string", "enum": mine[:MOST_CHOICES]}
    return schema | {"type": "string", "pattern": argument.pattern, "maxLength": 512}


def _is_for(row: Mapping[str, object], service: str) -> bool:
    services = row.get("services")
    return not isinstance(services, list | tuple) or not services or service in services


def _function(
    name: str, does: str, properties: Mapping[str, object], needed: Sequence[str]
) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "properties": dict(properties),
        "required": list(needed),
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "description": does, "parameters": parameters}}


_TEXT = {"type": "string", "maxLength": 300}
_OWN = (
    _function(
        PLAN,
        "Say what you will find out, in at most six short steps. People see it.",
        {"steps": {"type": "array", "items": _TEXT, "maxItems": 6}},
        ["steps"],
    ),
    _function(
        SEARCH,
        "Search past incidents and runbooks by words.",
        {"words": _TEXT, "among": {"type": "string", "enum": ["all", "incidents", "runbooks"]}},
        ["words"],
    ),
    _function(
        READ,
        "Lines of a long piece of evidence in which a word stands.",
        {"evidence": {"type": "string", "description": "its id"}, "find": _TEXT},
        ["evidence"],
    ),
)
