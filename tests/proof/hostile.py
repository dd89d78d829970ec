"""Hostile proposals, by chance from a seed: sound ones with something done to them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.proof.allowed import ACTIONS, ARGUMENTS, ROWS, SERVICES, Asked

ELSEWHERE = (
    ("orders", "production"),
    ("payments", "test"),
    ("Orders", "test"),
    ("orders ", "test"),
    ("", ""),
)
_CASES = json.loads((Path(__file__).parents[1] / "cases" / "hostile.json").read_text())
TEXTS: tuple[str, ...] = (*_CASES["texts"], "a" * 41, "a" * 513)
NAMES: tuple[str, ...] = (*_CASES["names"], "a" * 9000)
KEYS: tuple[str, ...] = tuple(_CASES["keys"])
THINGS: tuple[Any, ...] = tuple(_CASES["things"])
NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, -2, -3, 10, 11, 2**31, 2**63, 2**64, -(2**63), 10**400, True, False, 0.0, -0.0, 1.0, 10.0),
    *(1e309, -1e309, float("nan"), 1e-309, 9.999999999999999, 10.000000000000002, "1", "-0", "", None, "1_0"),
)
SPOILS = ("", "\x00", "\n", "\u200b", "\u00e9", "A", "\u0430")


def sound(chance: random.Random) -> Asked:
    """A proposal that the whitelist allows."""
    tool = chance.choice(tuple(ACTIONS))
    arguments = {name: _fitting(chance, entry) for name, entry in ACTIONS[tool].items()}
    for name, entry in ACTIONS[tool].items():
        if "default" in entry and chance.random() < 0.5:
            del arguments[name]
    return Asked(tool, arguments, chance.choice(SERVICES))


def _fitting(chance: random.Random, entry: Mapping[str, Any]) -> object:
    if entry["type"] == "reference":
        return chance.choice(tuple(ROWS[entry["inventory"]]))
    if entry["type"] == "enum":
        return chance.choice(entry["choices"])
    if entry["type"] == "integer":
        return chance.randint(entry["minimum"], entry["maximum"])
    if entry["type"] == "boolean":
        return chance.random() < 0.5
    return chance.choice("abcz") + "".join(chance.choices("abc xyz019./_:-", k=chance.randint(0, 39)))


def hostile(chance: random.Random) -> Asked:
    """A sound proposal with one to three things done to it; now and then it is still sound."""
    asked = sound(chance)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        asked = chance.choice(TWISTS)(chance, asked)
    return asked


HUGE: tuple[Any, ...] = ("a" * 100_000, "\u00e9" * 5_000, [0] * 5_000, 10**4_000, {"a": [[{}] * 50] * 50})
Twist = Callable[[random.Random, Asked], Asked]


def _other_value(chance: random.Random, asked: Asked) -> Asked:
    return _with(chance, asked, chance.choice((*TEXTS, *NUMBERS, *THINGS)))


def _other_text(chance: random.Random, asked: Asked) -> Asked:
    return _with(chance, asked, chance.choice(TEXTS))


def _spoilt_text(chance: random.Random, asked: Asked) -> Asked:
    """One character of a good value changed, put in, or taken out."""
    name = _name(chance, asked)
    value = asked.arguments.get(name)
    if not isinstance(value, str):
        return _other_text(chance, asked)
    at = chance.randint(0, len(value))
    piece = chance.choice((*SPOILS, *(text for text in TEXTS if len(text) == 1)))
    return _put(asked, name, value[:at] + piece + value[at + chance.randint(0, 1) :])


def _huge(chance: random.Random, asked: Asked) -> Asked:
    return _with(chance, asked, chance.choice(HUGE))


def _other_tool(chance: random.Random, asked: Asked) -> Asked:
    return Asked(chance.choice((*NAMES, *ACTIONS)), asked.arguments, asked.service, asked.environment)


def _extra_key(chance: random.Random, asked: Asked) -> Asked:
    return _put(asked, chance.choice(KEYS), chance.choice((*TEXTS, *NUMBERS, *THINGS)))


def _moved_key(chance: random.Random, asked: Asked) -> Asked:
    """The value of one argument under a name that only looks like its own."""
    if not asked.arguments:
        return asked
    left = dict(asked.arguments)
    value = left.pop(chance.choice(sorted(left)))
    return Asked(asked.tool, {**left, chance.choice(KEYS): value}, asked.service, asked.environment)


def _missing(chance: random.Random, asked: Asked) -> Asked:
    if not asked.arguments:
        return asked
    gone = chance.choice(sorted(asked.arguments))
    kept = {name: value for name, value in asked.arguments.items() if name != gone}
    return Asked(asked.tool, kept, asked.service, asked.environment)


def _elsewhere(chance: random.Random, asked: Asked) -> Asked:
    return Asked(asked.tool, asked.arguments, *chance.choice(ELSEWHERE))


TWISTS: tuple[Twist, ...] = (
    *(_other_value, _other_value, _other_text, _other_text, _spoilt_text, _spoilt_text, _other_tool),
    *(_extra_key, _moved_key, _missing, _elsewhere, _huge),
)


def _name(chance: random.Random, asked: Asked) -> str:
    return chance.choice(tuple(ACTIONS.get(asked.tool, ARGUMENTS)))


def _with(chance: random.Random, asked: Asked, value: object) -> Asked:
    return _put(asked, _name(chance, asked), value)


def _put(asked: Asked, name: str, value: object) -> Asked:
    return Asked(asked.tool, {**asked.arguments, name: value}, asked.service, asked.environment)
