"""Cuts Markdown into sections and blocks by its lines: headings, paragraphs, lists, tables and fenced code,
word for word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r"^\s*(`{3,}|~{3,})")
_STEP = re.compile(r"^(\s*)(?:\d{1,9}[.)]|(?:step|étape)\s+\d+\b)(?:\s|$)", re.IGNORECASE)
_BULLET = re.compile(r"^(\s*)[-*+•](?:\s|$)")


@dataclass(slots=True)
class Block:
    """Lines that belong together, `start` counted from 0. `kind`: text, list, steps, code."""

    kind: str
    start: int
    lines: list[str] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The line after the last."""
        return self.start + len(self.lines)


@dataclass(slots=True)
class Section:
    """A heading line with what stands below it, up to the next heading. `path` holds the headings above and
    itself.
    """

    path: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """All lines, in order."""
        return [line for block in self.blocks for line in block.lines]


def sections(text: str) -> list[Section]:
    """All sections in order. Every line of the text is in exactly one block."""
    found: list[Section] = [Section(())]
    path: list[tuple[int, str]] = []
    fence = ""
    for number, line in enumerate(text.split("\n")):
        fence_line = _FENCE.match(line)
        heading = None if fence else _HEADING.match(line)
        if heading:
            level = len(heading[1])
            path = [entry for entry in path if entry[0] < level] + [(level, (heading[2] or "").strip())]
            found.append(Section(tuple(title for _, title in path if title)))
            found[-1].blocks.append(Block("heading", number, [line]))
            continue
        if fence_line and not fence:
            _take(found[-1].blocks, number, line, "code")
            fence = fence_line[1]
        elif fence:
            found[-1].blocks[-1].lines.append(line)
            if fence_line and fence_line[1].startswith(fence) and line.strip() == fence_line[1]:
                fence = ""
        else:
            _take(found[-1].blocks, number, line, "")
    for section in found:
        section.blocks = _join_steps(section.blocks)
    return [section for section in found if section.blocks]


def _take(blocks: list[Block], number: int, line: str, kind: str) -> None:
    """Adds the line to the block that it continues, or opens the next one."""
    last = blocks[-1] if blocks else None
    if not kind:
        kind = "steps" if _STEP.match(line) else "list" if _BULLET.match(line) else "text"
    if last is None or (last.kind == "heading" and line.strip()):
        blocks.append(Block(kind, number, [line]))
        return
    blank_before = not last.lines[-1].strip()
    in_list = last.kind in ("list", "steps")
    continues = (
        not line.strip()  # blank lines go with what stands before them
        or (in_list and line[:1] in (" ", "\t"))  # nested below an item
        or (in_list and kind in ("list", "steps"))  # the next item
        or (kind == "text" and last.kind in ("text", "list", "steps") and not blank_before)
    )
    if continues:
        last.lines.append(line)
        if kind == "steps" and last.kind == "list":
            last.kind = "steps"
    else:
        blocks.append(Block(kind, number, [line]))


def _join_steps(blocks: list[Block]) -> list[Block]:
    """One block from the first numbered step to the last and the code right behind it: they are one
    procedure.
    """
    numbered = [index for index, block in enumerate(blocks) if block.kind == "steps"]
    if not numbered:
        return blocks
    first, last = numbered[0], numbered[-1]
    if last + 1 < len(blocks) and blocks[last + 1].kind == "code":
        last += 1
    lines = [line for block in blocks[first : last + 1] for line in block.lines]
    return [*blocks[:first], Block("steps", blocks[first].start, lines), *blocks[last + 1 :]]


def items(block: Block) -> list[Block]:
    """The pieces that a block too long may be cut into: top-level items of a list, else paragraphs."""
    pieces: list[Block] = []
    indent = min(
        (len(m[1]) for line in block.lines if (m := _STEP.match(line) or _BULLET.match(line))), default=0
    )
    fence = ""
    for offset, line in enumerate(block.lines):
        fence_line = _FENCE.match(line)
        item = _STEP.match(line) or _BULLET.match(line)
        opens = (item is not None and len(item[1]) == indent) or (
            block.kind == "text" and offset > 0 and not block.lines[offset - 1].strip() and bool(line.strip())
        )
        if not pieces or (opens and not fence):
            pieces.append(Block(block.kind, block.start + offset))
        pieces[-1].lines.append(line)
        if fence_line:
            fence = "" if fence else fence_line[1]
    return pieces
