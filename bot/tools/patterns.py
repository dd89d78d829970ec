"""What a pattern lets through, read from its structure: which characters, and which of them first."""

from __future__ import annotations

import importlib
import string
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ALL = frozenset(string.printable[:95])
_CATEGORIES = {
    "CATEGORY_DIGIT": frozenset(string.digits),
    "CATEGORY_SPACE": frozenset(" "),
    "CATEGORY_WORD": frozenset(string.ascii_letters + string.digits + "_"),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Characters of printable ASCII that a match may hold, begin with, and hold several times in a row."""

    any: frozenset[str] = frozenset()
    first: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()
    can_be_empty: bool = True

    def then(self, other: Reach) -> Reach:
        """One after the other."""
        touching = self.any & other.any
        return Reach(
            self.any | other.any,
            self.first | (other.first if self.can_be_empty else frozenset()),
            self.repeated | other.repeated | touching,
            self.can_be_empty and other.can_be_empty,
        )

    def beside(self, other: Reach) -> Reach:
        """One or the other."""
        return Reach(
            self.any | other.any,
            self.first | other.first,
            self.repeated | other.repeated,
            self.can_be_empty or other.can_be_empty,
        )


def reach_of(pattern: str) -> Reach | None:
    """What a pattern lets through, rather too much than too little; None where it cannot be followed."""
    parser: Any = importlib.import_module("re._parser")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _sequence(parser.parse(pattern))
    except (parser.error, LookupError, RecursionError, OverflowError):
        return None  # RE2 has words of its own, such as \\pL


def _sequence(nodes: Iterable[Any]) -> Reach:
    found = Reach()
    for kind, value in nodes:
        found = found.then(_node(str(kind), value))
    return found


def _node(kind: str, value: Any) -> Reach:  # noqa: ANN401  # the parser's own nodes
    if kind == "AT":
        return Reach()
    if kind == "BRANCH":
        branches = [_sequence(nodes) for nodes in value[1]]
        found = branches[0]
        for branch in branches[1:]:
            found = found.beside(branch)
        return found
    if kind == "SUBPATTERN":
        return _sequence(value[3])
    if kind in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, nodes = value
        inner = _sequence(nodes)
        repeated = inner.any if most > 1 else inner.repeated
        return Reach(inner.any, inner.first, repeated, inner.can_be_empty or least == 0)
    characters = _characters(kind, value)
    return Reach(characters, characters, frozenset(), False)


def _characters(kind: str, value: Any) -> frozenset[str]:  # noqa: ANN401
    if kind == "LITERAL":
        return frozenset(chr(value)) & ALL
    if kind == "NOT_LITERAL":
        return ALL - {chr(value)}
    if kind == "ANY":
        return ALL
    if kind == "RANGE":
        return frozenset(c for c in ALL if value[0] <= ord(c) <= value[1])
    if kind == "CATEGORY":
        name = str(value)
        return ALL - _CATEGORIES[name.replace("_NOT", "")] if "_NOT" in name else _CATEGORIES[name]
    assert kind == "IN"
    parts = [(str(part), inner) for part, inner in value]
    found = frozenset[str]().union(*(_characters(p, inner) for p, inner in parts if p != "NEGATE"))
    return ALL - found if parts[0][0] == "NEGATE" else found
