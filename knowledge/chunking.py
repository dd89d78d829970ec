"""Cuts a document into passages: sections stay whole, steps stay together, no text is lost, no passage
exceeds the limit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from knowledge.markdown import Block, Section, items, sections
from knowledge.text.tokens import Counter

# Tokens; where only the upper bound is known, bytes at about four a token, as a bound of 500 bytes would tear
# steps apart.
TARGET, LIMIT = 350, 500
BYTES_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage to be: lines `first` to `last` of the text, counted from 1, word for word."""

    heading: tuple[str, ...]
    text: str
    first: int
    last: int
    pages: tuple[int, int] | None = None

    @property
    def place(self) -> str:
        """What a person reads as the place: pages where there are some, else lines."""
        if self.pages is not None:
            first, last = self.pages
            return f"page {first}" if first == last else f"pages {first}-{last}"
        return f"line {self.first}" if self.first == self.last else f"lines {self.first}-{self.last}"

    def on_pages(self, starts: Sequence[int]) -> Piece:
        """The same piece, knowing its pages, by the lines on which they start."""
        if not starts:
            return self
        pages = (bisect_right(starts, self.first), bisect_right(starts, self.last))
        return replace(self, pages=pages)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How long a passage should be and may be, in the unit of `measure`."""

    measure: Callable[[str], int]
    target: int
    limit: int


def sizes(counter: Counter) -> Sizes:
    """Tokens where they can be counted, else bytes."""
    unit = 1 if counter.exact else BYTES_A_TOKEN
    return Sizes(counter.count, TARGET * unit, LIMIT * unit)


@dataclass(slots=True)
class _Draft:
    heading: tuple[str, ...]
    start: int
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def chunk(text: str, size: Sizes) -> list[Piece]:
    """The passages of a Markdown text in order. Together they hold every line that is not blank, once."""
    drafts: list[_Draft] = []
    for section in sections(text):
        whole = _Draft(section.path, section.blocks[0].start, section.lines)
        if size.measure(whole.text) <= size.limit:
            _add(drafts, whole, size)
        else:
            drafts.extend(_cut_section(section, size))
    return [piece for draft in drafts for piece in _finish(draft)]


def _add(drafts: list[_Draft], section: _Draft, size: Sizes) -> None:
    """Joins a small section to the one before it, as long as both speak of the same thing and stay small."""
    if drafts:
        last = drafts[-1]
        together = _Draft(_common(last.heading, section.heading), last.start, last.lines + section.lines)
        bare = not any(line.strip() and not line.lstrip().startswith("#") for line in last.lines)
        related = not last.heading or not section.heading or last.heading[0] == section.heading[0]
        room = size.limit if bare else size.target
        if (related or bare) and size.measure(together.text) <= room:
            if bare:
                together.heading = section.heading
            drafts[-1] = together
            return
    drafts.append(section)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    shared = [left for left, right in zip(one, other, strict=False) if left == right]
    return tuple(shared) or one or other


def _cut_section(section: Section, size: Sizes) -> Iterator[_Draft]:
    """Packs whole blocks up to the target; a block that fits the limit is never cut."""
    current = _Draft(section.path, section.blocks[0].start, [])
    for block in section.blocks:
        for part in _parts(block, size):
            joined = "\n".join(current.lines + part.lines)
            headed = all(not line.strip() or line.lstrip().startswith("#") for line in current.lines)
            if current.lines and size.measure(joined) > (size.limit if headed else size.target):
                yield current
                current = _Draft(section.path, part.start, [])
            current.lines.extend(part.lines)
    if current.lines:
        yield current


def _parts(block: Block, size: Sizes) -> list[Block]:
    """The block whole where it fits, else its items, else its lines, else pieces of a line."""
    if size.measure("\n".join(block.lines)) <= size.limit:
        return [block]
    pieces = items(block)
    if len(pieces) > 1:
        return [part for piece in pieces for part in _parts(piece, size)]
    if len(block.lines) > 1:
        return [
            part
            for offset, line in enumerate(block.lines)
            for part in _parts(Block("line", block.start + offset, [line]), size)
        ]
    return [Block("line", block.start, [text]) for text in _cut_line(block.lines[0], size)]


def _cut_line(line: str, size: Sizes) -> Iterator[str]:
    """A line in pieces of at most the limit, cut at spaces where there are any."""
    current = ""
    for word in re.findall(r"\s*\S+\s*$|\s*\S+", line):
        if current and size.measure(current + word) > size.target:
            yield current
            current = ""
        while size.measure(word) > size.limit:
            cut = _longest(word, size)
            yield word[:cut]
            word = word[cut:]
        current += word
    if current:
        yield current


def _longest(word: str, size: Sizes) -> int:
    """How many characters of a word surely fit; one at least."""
    length = min(len(word), size.limit)
    while length > 1 and size.measure(word[:length]) > size.limit:
        length //= 2
    return length


def _finish(draft: _Draft) -> Iterator[Piece]:
    """The piece without the blank lines at its ends."""
    filled = [number for number, line in enumerate(draft.lines) if line.strip()]
    if filled:
        first, last = filled[0], filled[-1]
        # Pieces of one long line share its number.
        yield Piece(
            draft.heading,
            "\n".join(draft.lines[first : last + 1]),
            draft.start + first + 1,
            draft.start + last + 1,
        )
