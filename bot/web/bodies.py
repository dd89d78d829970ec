"""Reads bodies as JSON within bounds: size is bounded before this, depth here."""

from __future__ import annotations

import json
import re

from bot.errors import BadInput

MAX_DEPTH = 32
# A text, whole or broken off at the end: possessive, so that no body makes it go back.
_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


def load_bounded(body: bytes) -> object:
    """JSON of bounded depth; bytes that are no UTF-8 are replaced, as the rest of the alert is worth keeping.

    Raises:
        BadInput: not JSON, or nested deeper than any alert is.
    """
    try:
        text = body.decode(errors="replace")
        if _deepest(text) > MAX_DEPTH:
            raise BadInput(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("The body is not valid JSON.") from None


def is_utf8(body: bytes) -> bool:
    """Whether all of it is text as JSON has it."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _deepest(text: str) -> int:
    """How deep brackets are nested. Those in texts do not count: closing ones would hide the others."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return 0  # not deeper than the bound, however they stand
    depth = deepest = 0
    for character in _TEXT.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
