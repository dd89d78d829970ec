"""Holes in SQL: each becomes a bind parameter; none stands within quotes, a name or a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HOLE = re.compile(r"\{([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\}")
_QUOTED = re.compile(r"'(?:''|[^'])*'|\"(?:\"\"|[^\"])*\"|`(?:``|[^`])*`")
_READS = ("select", "with", "show", "explain", "values", "table", "describe")
_TO_A_FILE = re.compile(r"\binto\s+(?:outfile|dumpfile)\b", re.IGNORECASE)


def bound(statement: str) -> tuple[str, dict[str, str]]:
    """The statement as drivers take it (`%(name)s`, `%%`), and each parameter's name with its hole."""
    parameters: dict[str, str] = {}

    def bind(match: re.Match[str]) -> str:
        name = "_".join(filter(None, match.groups()))
        parameters[name] = match.group()
        return f"%({name})s"

    text = _HOLE.sub(bind, statement.strip().removesuffix(";").rstrip().replace("%", "%%"))
    return text, parameters


def mistakes_in(statement: str) -> Iterator[tuple[str, str]]:
    """What and remedy of whatever could make it another statement than the one that is read."""
    bare = _QUOTED.sub("''", statement)
    if any(_HOLE.search(quoted) for quoted in _QUOTED.findall(statement)):
        yield "a hole stands within quotes", "Take the quotes off: its value is a parameter."
    if ";" in bare.strip().removesuffix(";"):
        yield "it is more than one statement", "Write one; what belongs together belongs into a procedure."
    if "--" in bare or "/*" in bare or "#" in bare:
        yield "a comment could hide a part of it", "Take it out; `does` is for people."
    if "\\" in statement:
        yield "databases read a backslash in different ways", "Give that text as an argument."
    if (
        "$$" in bare
        or re.search(r"\$\w+\$", bare)
        or any(quote in bare.replace("''", "") for quote in "'\"`")
    ):
        yield "where its quotes end is not plain", "Quote texts with ' alone, and close each quote."


def why_it_changes(statement: str) -> str:
    """Why a check may not ask it; the read-only transaction is what really holds it."""
    words = statement.split(None, 1)
    if not words or words[0].lower() not in _READS:
        return f"its statement begins with {', '.join(_READS[:3]).upper()} or the like"
    return "its statement writes no file" if _TO_A_FILE.search(_QUOTED.sub("''", statement)) else ""
