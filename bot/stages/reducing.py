"""Makes a long output short: repeated lines once with their count, what looks like trouble, head and tail."""

from __future__ import annotations

import re

_CHANGING = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8,}|\d+")
_TROUBLE = re.compile(
    r"error|fail|fatal|exception|traceback|refused|denied|timeout|timed out|panic|warn|critical|killed|oom",
    re.IGNORECASE,
)
_LINE = 400
"""Characters that are kept of one line."""
_SCANNED = 200_000
"""Characters at either end of a huge text that are looked at."""


def reduced(text: str, limit: int, pointer: str = "") -> str:
    """`text` within about `limit` characters, in its own order; what is missing is said at the end.

    Lines that differ in numbers alone are one line. `pointer` says where the whole is kept.
    """
    if len(text) <= limit:
        return text
    lines = _once(_ends(text).splitlines())
    kept = _chosen(lines, limit)
    body = "\n".join(_joined(lines, kept))
    note = f"[shortened from {len(text)} characters{f'; all of it is kept as {pointer}' if pointer else ''}]"
    return f"{body}\n{note}"


def around(text: str, wanted: str, limit: int) -> str:
    """The lines of `text` in which `wanted` stands, in either case; the first ones where it is empty."""
    found = [
        f"{number}: {line[:_LINE]}"
        for number, line in enumerate(text.splitlines(), 1)
        if wanted.casefold() in line.casefold()
    ]
    shown: list[str] = []
    left = limit
    for line in found:
        left -= len(line) + 1
        if left < 0:
            return "\n".join([*shown, f"[{len(found) - len(shown)} more lines]"])
        shown.append(line)
    return "\n".join(shown) or f"[no line of {len(text.splitlines())} holds it]"


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _SCANNED else f"{text[:_SCANNED]}\n{text[-_SCANNED:]}"


def _once(lines: list[str]) -> list[str]:
    """Each kind of line at its first place, with how often it came."""
    kinds: dict[str, tuple[str, int]] = {}
    for line in lines:
        kind = _CHANGING.sub("#", line[:_LINE])
        first, count = kinds.get(kind, (line, 0))
        kinds[kind] = first, count + 1
    return [
        _cut(first) + (f"  [× {count}, numbers differ]" if count > 1 else "")
        for first, count in kinds.values()
    ]


def _cut(line: str) -> str:
    return line if len(line) <= _LINE else f"{line[:_LINE]}… [{len(line) - _LINE} more characters]"


def _chosen(lines: list[str], limit: int) -> set[int]:
    """Numbers of the lines to keep: trouble first, then alternately from both ends."""
    ends = [n for pair in zip(range(len(lines)), reversed(range(len(lines))), strict=True) for n in pair]
    order = [n for n, line in enumerate(lines) if _TROUBLE.search(line)]
    # Half for trouble at most: what is around it tells what led to it.
    kept: set[int] = set()
    left = limit
    for numbers, floor in ((order, limit // 2), (ends, 0)):
        for number in numbers:
            cost = len(lines[number]) + 1
            if number not in kept and left - cost >= floor:
                kept.add(number)
                left -= cost
    return kept


def _joined(lines: list[str], kept: set[int]) -> list[str]:
    shown: list[str] = []
    for number, line in enumerate(lines):
        if number in kept:
            shown.append(line)
        elif not shown or shown[-1] != "…":
            shown.append("…")
    return shown
