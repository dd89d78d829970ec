"""The difference between two contents as N3 signs it: a unified diff in which no character can deceive."""

from __future__ import annotations

import difflib
import json

from bot.sign_off.rendering import MAX_CHARACTERS, ascii_text


def difference(old: str, new: str) -> str:
    """What changes from `old` to `new`, both JSON objects of texts or values."""
    before, after = _lines(old), _lines(new)
    diff = difflib.unified_diff(before, after, "in force", "offered", lineterm="", n=2)
    return "\n".join(ascii_text(line) for line in diff)


def can_be_shown(text: str) -> bool:
    """Whether the whole difference fits what is shown before signing."""
    return len(text) <= MAX_CHARACTERS


def _lines(content: str) -> list[str]:
    lines = []
    for name, value in sorted(json.loads(content).items()):
        lines.append(f"# {name}")
        text = value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True)
        # Indented, so that no text can pass for the next heading; split at \n alone, so that every other
        # character that breaks lines somewhere is seen as an escape.
        lines += [f" {line}" for line in text.split("\n")]
    return lines
