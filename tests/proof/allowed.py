"""A whitelist with arguments of every type, and a second opinion on what it allows.

The second opinion shares no code with the gate: it knows the data below, and Python alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.proof.outside import ACT, LOOK

SERVICES, ENVIRONMENTS = ("orders", "billing"), ("test",)
ROWS = {
    "hosts": {
        "web-1": {"address": "192.0.2.1"},
        "web-2": {"address": "192.0.2.2"},
        "db": {"address": "192.0.2.9"},
    },
    "queues": {"mail": {"name": "q-mail"}, "orders": {"name": "q-orders"}},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "host": {"type": "reference", "inventory": "hosts"},
    "size": {"type": "enum", "choices": ["small", "large", "10"]},
    "count": {"type": "integer", "minimum": -2, "maximum": 10},
    "note": {"type": "pattern", "pattern": "[a-z][a-z0-9 .:/_-]{0,40}", "default": "by vigie"},
    "force": {"type": "boolean", "default": False},
}
ACTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "scale": ARGUMENTS,
    "drain": {"queue": {"type": "reference", "inventory": "queues"}, "count": ARGUMENTS["count"]},
    "free": {"text": {"type": "pattern", "pattern": "(?s)[A-Za-z0-9-].*"}},  # too wide, so it guards nothing
}
CHECK = "look"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for: a tool by name, arguments as JSON can hold them, and where."""

    tool: str
    arguments: dict[str, Any]
    service: str = "orders"
    environment: str = "test"


# -- the second opinion


def allowed(asked: Asked) -> dict[str, object] | None:
    """The arguments that would be run, or None: it must be refused."""
    if asked.tool not in ACTIONS or asked.service not in SERVICES or asked.environment not in ENVIRONMENTS:
        return None
    wanted = ACTIONS[asked.tool]
    if not set(asked.arguments) <= set(wanted):
        return None
    filled = {name: asked.arguments.get(name, wanted[name].get("default")) for name in wanted}
    fits = (_FITS[wanted[name]["type"]](wanted[name], value) for name, value in filled.items())
    return filled if all(fits) else None


def _text(entry: Mapping[str, Any], value: object) -> bool:
    if type(value) is not str or len(value) > 512 or value[:1] == "-":
        return False
    return (
        all(" " <= character <= "~" for character in value)
        and re.fullmatch(entry["pattern"], value) is not None
    )


_FITS: Mapping[str, Callable[[Mapping[str, Any], object], bool]] = {
    "reference": lambda entry, value: type(value) is str and value in ROWS[entry["inventory"]],
    "enum": lambda entry, value: type(value) is str and value in entry["choices"],
    "integer": lambda entry, value: type(value) is int and entry["minimum"] <= value <= entry["maximum"],
    "boolean": lambda entry, value: value is True or value is False,
    "pattern": _text,
}


def whitelist() -> str:
    """The catalogue with these actions, as it is adopted."""
    place = {
        "environments": list(ENVIRONMENTS),
        "services": list(SERVICES),
        "owner": "tests",
        "does": "It does.",
    }
    reads = {"value": "/value", "healthy": {"at_most": 5}, "identity": "/identity"}
    run = {"runner": "command", "argv": [LOOK]}
    look = {**place, "title": "Look", "run": run, "reads": reads}
    action = {
        **place,
        "title": "Act",
        "expected_effect": "It is low.",
        "risk": "low",
        "precondition": {"check": CHECK, "expect": {"at_least": 6}},
        "verification": {"check": CHECK},
        "no_undo": "there is none",
    }
    actions = {
        name: {**action, "arguments": arguments, "run": {"runner": "command", "argv": _argv(arguments)}}
        for name, arguments in ACTIONS.items()
    }
    file = {"version": 1, "inventory": "rows", "checks": {CHECK: look}, "actions": actions}
    return json.dumps({"catalogue": json.dumps(file), "inventory": json.dumps(ROWS)})


def _argv(arguments: Mapping[str, Any]) -> list[str]:
    fields = {"hosts": "address", "queues": "name"}
    holes = [
        f"{name}.{fields[entry['inventory']]}" if entry["type"] == "reference" else name
        for name, entry in arguments.items()
    ]
    return [ACT, *("{" + hole + "}" for hole in holes)]
