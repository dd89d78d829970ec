"""What stays of a text when all that changes from one delivery to the next is taken out. Pure."""

from __future__ import annotations

import re

# The order counts: a time holds numbers, an identifier holds hexadecimal ones.
_TIMES = re.compile(
    r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"
)
_UUIDS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_HEX = re.compile(r"\b(?:0x[0-9a-f]+|(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{12,64})\b", re.IGNORECASE)
_DECIMALS = re.compile(r"(?<![\w.-])[+-]?\d+[.,]\d+(?:e[+-]?\d+)?(?![\w.]*\.\d)", re.IGNORECASE)
_UNITS = re.compile(
    r"(?<![\w.-])[+-]?\d+ ?"
    r"(?:%|percent\b|[kmgtp]i?b(?:/s)?\b|bytes?\b|ms\b|[smhd]\b|seconds?\b|minutes?\b|hours?\b|days?\b)",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?<![\w.-])[+-]?\d+(?![\w-]|\.\d)")

_VOLATILE = re.compile(r"^(?:current_?)?(?:value|timestamp|time|ts|measured|observed)$", re.IGNORECASE)
_LONGEST = 4000
_SENTENCE = 3
"""So many words and a name is a sentence."""


def text_template(text: str) -> str:
    """Prose: every number, time and identifier out, so that `91 % full` and `93 % full` are one text."""
    return _NUMBERS.sub("<n>", value_template(text))


def value_template(text: str) -> str:
    """A label or a name: what names a thing stays (`node-01`, `shard 3`), what measures one goes.

    Out go times, UUIDs, long hexadecimal numbers, decimals, and numbers with a unit.
    """
    if not any(character.isdigit() for character in text):
        return text
    text = _TIMES.sub("<time>", text[:_LONGEST])
    text = _HEX.sub("<id>", _UUIDS.sub("<id>", text))
    return _UNITS.sub("<n>", _DECIMALS.sub("<n>", text))


def name_template(name: str) -> str:
    """A name that is a sentence, as a chat message gives it, is prose; any other names a thing."""
    return text_template(name) if name.count(" ") >= _SENTENCE - 1 else value_template(name)


def is_volatile(key: str) -> bool:
    """Whether a label of this name measures something and identifies nothing."""
    return _VOLATILE.match(key) is not None
