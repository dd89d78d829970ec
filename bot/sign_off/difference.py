"""The difference between two contents as N3 signs it: a unified diff in which no character can deceive.

A content is split into sections (one a tool, a row's kind, a file), each a list of lines, so that people see
which tool changed. All of a content is in its sections and their order: what differs is never left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from bot.sign_off.rendering import MAX_CHARACTERS, ascii_text

Sections = Mapping[str, Sequence[str]]
HEAD = "== "


def difference(before: Sections, after: Sections) -> str:
    """What changes from `before` to `after`, section by section; empty where nothing does."""
    told: list[str] = []
    for heading in dict.fromkeys((*before, *after)):
        old, new = before.get(heading), after.get(heading)
        if old == new:
            continue
        what = "new" if old is None else "taken out" if new is None else "changed"
        told.append(f"{HEAD}{ascii_text(heading)}: {what}")
        # Apart from the marks of a diff; those alone keep every text from passing for a heading.
        before_lines, after_lines = ([f" {line}" for line in part or ()] for part in (old, new))
        diff = difflib.unified_diff(before_lines, after_lines, lineterm="", n=2)
        told += [ascii_text(line) for line in list(diff)[2:]]
    both = [heading for heading in after if heading in before]
    if both != [heading for heading in before if heading in after]:
        told += [f"{HEAD}order: changed", *(f"+ {ascii_text(heading)}" for heading in after)]
    return "\n".join(told)


def summary(shown: str) -> list[str]:
    """The headings of a difference, each with how many lines come and go."""
    found: list[tuple[str, int, int]] = []
    for line in shown.splitlines():
        if line.startswith(HEAD):
            found.append((line.removeprefix(HEAD), 0, 0))
        elif found:
            heading, added, removed = found[-1]
            found[-1] = (heading, added + line.startswith("+"), removed + line.startswith("-"))
    return [f"{heading} (+{added} -{removed})" for heading, added, removed in found]


def can_be_shown(text: str) -> bool:
    """Whether the whole difference fits what is shown before signing."""
    return len(text) <= MAX_CHARACTERS
