"""What a model puts between quotation marks, held against the text that it was shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import chain

from prompts.fencing import plain

# Proper pairs, which may hold other marks; and whatever opens with whatever closes: odd pairs hide no quote.
_PAIRS = re.compile(r"“([^”]*)”|„([^“”]*)[“”]|«([^»]*)»|\"([^\"]*)\"")
_ODD = re.compile(r"[“„«\"]([^“”„«»\"]*)[”“»\"]")
# `plain` has made three points of each “…”.
_LEFT_OUT = re.compile(r"\[?\.\.\.\]?")
_EDGES = " .,;:!?"
# What stands before each line within a fence (`prompts.fencing.fence`), copied with the lines.
_BEFORE_LINES = re.compile(r"^\| ?", re.MULTILINE)
# **Bold**, *slanted* and `code`: people leave these marks out. Bounded, as a text may be nothing but marks.
_DRESS = re.compile(r"(?<![\w*])(\*{1,2})(?=[^\s*])([^*]{1,200})(?<=\S)\1(?![\w*])|`([^`]{1,200})`")


def seen(text: str) -> str:
    """Text as quotes are compared: as a model is shown it, with single blanks, in one case."""
    return " ".join(plain(text.replace("\n", " ")).split()).casefold()


def quoted(words: str) -> list[tuple[str, ...]]:
    """What stands between quotation marks: each quote as its parts, between which something was left out."""
    shown = plain(_BEFORE_LINES.sub("", words))
    found = (match[match.lastindex or 0] for match in chain(_PAIRS.finditer(shown), _ODD.finditer(shown)))
    quotes = (tuple(part.strip(_EDGES) for part in _LEFT_OUT.split(quote)) for quote in dict.fromkeys(found))
    return [parts for quote in quotes if (parts := tuple(filter(None, quote)))]


def hold(quotes: Iterable[tuple[str, ...]], texts: Collection[str]) -> bool:
    """Whether each quote stands in one of the texts, with all of its parts."""
    return all(any(all(stands(part, text) for part in parts) for text in texts) for parts in quotes)


def stands(words: str, text: str, shortest: int = 1) -> bool:
    """Whether at least so many characters stand in a text that was `seen`.

    Marks that dress words there may be left out, never added.
    """
    said = seen(_BEFORE_LINES.sub("", words))
    return len(said) >= shortest and (said in text or said in _DRESS.sub(r"\2\3", text))
