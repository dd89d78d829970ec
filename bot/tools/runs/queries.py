"""Holes in PromQL and LogQL: within the quotes of a matcher, or as a number; never anywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.tools.template import marked

# What may stand before the quotes of a matcher or a line filter, and how a value is written between them.
_MATCHERS = (
    ("=~", "regex"),
    ("!~", "regex"),
    ("|~", "regex"),
    ("!=", "label"),
    ("|=", "label"),
    ("=", "label"),
)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'|`[^`]*`")
_DURATION = re.compile(r"(?:ms|[smhdwy])\b")


def with_ways(query: str) -> str:
    """The query with the way of every hole; one that has no place keeps none: `mistakes_in` names it."""
    strings = list(_STRING.finditer(query))

    def way(match: re.Match[str]) -> str:
        around = next((s for s in strings if s.start() < match.start() and match.end() < s.end()), None)
        if around is None:
            return _bare_way(query[: match.start()], query[match.end() :])
        before = query[: around.start()].rstrip()
        if around.group()[0] != '"':
            return ""
        return next((way for sign, way in _MATCHERS if before.endswith(sign)), "")

    return marked(query, way)


def mistakes_in(query: str) -> Iterator[tuple[str, str]]:
    """What and remedy of each hole that could become more than one value, and of what cannot be read."""
    if "#" in _STRING.sub("", query):
        yield "a comment could hide a part of the query", "Take out what begins with #."
    for match in re.finditer(r"\{[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?\}", with_ways(query)):
        what = f"{match.group()} stands where it could become a part of the query"
        yield (
            what,
            'Put it between the double quotes of a matcher, as in {service="{service}"}, or as a number.',
        )


def _bare_way(before: str, after: str) -> str:
    """A hole outside of quotes is a number: alone, or in a duration within brackets."""
    if before.endswith("[") and _DURATION.match(after):
        return "count"
    alone = not re.search(r"[\w.:)\]}\"]$", before) and not re.match(r"[\w.:(\[{\"]", after)
    return "number" if alone and _is_operand(before) else ""


def _is_operand(before: str) -> bool:
    """Whether what stands before it asks for a number: an operator, a comma or an opening bracket."""
    return bool(re.search(r"(?:[-+*/%^<>=,(]|\bbool)\s*$", before)) and not re.search(r"[{][^}]*$", before)
