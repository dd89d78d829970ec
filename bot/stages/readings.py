"""What an agent may wish to read beside checks, on whatever desk: a search, and more of what it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.investigation import Given, Wish
from bot.stages.numbering import MAX_TEXT, Numbering
from bot.stages.reducing import around
from bot.stages.words import inert
from knowledge.model import Query, SearchResult

FOUND = 3
"""Passages that one search gives at most."""
KINDS = {"incidents": ("incident",), "runbooks": ("runbook",)}
FULL = Given(said="Not read: this investigation has read as much as it may. Answer with what you have.")
NOTED = Given(said="Noted.")


def many(at_once: int) -> Given:
    """What is said of a wish beyond those that are read in one turn."""
    return Given(said=f"Not read: at most {at_once} readings at once. Ask again if it matters.")


def no_check(name: str) -> Given:
    """What is said of a check that the incident does not have."""
    return Given(said=f"Refused: There is no check {inert(name, 60)!r} for this incident.")


def key(wish: Wish) -> str:
    """The same for wishes of the same reading."""
    return repr((wish.what, sorted((name, repr(value)) for name, value in wish.arguments.items())))


def wished(asked: Query, arguments: Mapping[str, object]) -> Query:
    """The search that is wished for, for the readers of `asked`: a model is no way around that."""
    words = inert(str(arguments.get("words", "")), MAX_TEXT)
    return replace(asked, text=words, kinds=KINDS.get(str(arguments.get("among", "")), ()))


def found(numbering: Numbering, result: SearchResult, now: datetime) -> Given:
    """The passages of a search, numbered; one that is there already keeps its number."""
    pieces = [numbering.passage(one, now) for one in (result.passages if result.fits else ())]
    known = tuple({piece.id: piece for piece in pieces}.values())
    return Given(known) if known else Given(said="Nothing fits.")


def again(numbering: Numbering, arguments: Mapping[str, object], characters: int) -> Given:
    """More of one piece, around the words that are looked for."""
    piece = numbering.get(str(arguments.get("evidence", "")).upper())
    if piece is None:
        return Given(said="There is no evidence with this id.")
    lines = around(numbering.whole(piece), inert(str(arguments.get("find", "")), 100), characters)
    return Given((replace(piece, text=lines),))
