"""Foreign text in a prompt: every line is marked, nothing in it can end the fence or look like the prompt."""

from __future__ import annotations

import hashlib
import re
import unicodedata

# What chat templates of common models read as the start of a turn, wherever it stands in the text.
_TAG = re.compile(r"<(?=[|｜/<!a-zA-Z])")
_BRACKET = re.compile(r"\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|IMG)\])")


def fence(text: str, label: str) -> str:
    """`text` between two lines that carry a hash of it, each of its lines behind `| `.

    The hash looks random but the same text gives the same fence. `label` is shown on the first line.
    """
    body = "\n".join(f"| {plain(part)}".rstrip() for part in text.splitlines()) or "|"
    mark = hashlib.sha256(body.encode()).hexdigest()[:12]
    return f"=== begin {line(label)} [{mark}]\n{body}\n=== end [{mark}]"


def line(text: object, limit: int = 200) -> str:
    """`text` as one harmless line of at most `limit` characters, for places outside a fence."""
    words = " ".join(plain(str(text)).split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def plain(text: str) -> str:
    """`text` without invisible characters, and with the openings of chat markup replaced by look-alikes."""
    is_simple = text.isascii() and text.isprintable()  # as most lines are: nothing in them can hide
    return _BRACKET.sub("(", _TAG.sub("‹", text if is_simple else _visible(text)))


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def _visible(text: str) -> str:
    seen = unicodedata.normalize("NFKC", text)
    return "".join(c if c == "\t" or unicodedata.category(c) not in _HIDDEN else _gap(c) for c in seen)


def _gap(character: str) -> str:
    """Line ends become a space, so that two words stay two; what has no width just goes."""
    return "" if unicodedata.category(character) == "Cf" else " "
