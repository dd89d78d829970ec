"""Cuts the evidence to a budget of tokens: short pieces stay whole, the longest are shortened and say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import prompts
from bot.domain.evidence import Evidence, EvidenceKind

Count = Callable[[str], int]

SHORTENED = "[shortened]"
SMALLEST = 80
"""A fenced piece of fewer tokens says nothing; the last pieces are left out before that."""
FIRST = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """What is sent of one piece of evidence. `fenced` is all of it as the model sees it."""

    id: str
    kind: str
    text: str

    @property
    def fenced(self) -> str:
        return prompts.fence(self.text, f"evidence {self.id}, {self.kind}")


def fit(evidence: Sequence[Evidence], budget: int, count: Count) -> tuple[list[Piece], int]:
    """The pieces to send, within `budget` tokens with their fences, and how many were left out.

    Evidence comes best first. What is seen now (alerts, checks) goes before passages, but only some of it, so
    that a storm of alerts cannot crowd out what is known.
    """
    now = [piece for piece in evidence if piece.kind is not EvidenceKind.PASSAGE]
    passages = [piece for piece in evidence if piece.kind is EvidenceKind.PASSAGE]
    order = [*now[:FIRST], *passages, *now[FIRST:]]
    kept = order[: max(budget // SMALLEST, 0)]
    # Nothing near eight characters a token is prose; so a huge text need not be counted whole.
    pieces = [_cut(Piece(e.id, e.kind.value, e.shown), budget * 8) for e in kept]
    sizes = [_size(piece, count) for piece in pieces]
    share = _share(sizes, budget)
    fitted = [
        piece if size <= share else _shortened(piece, share, count)
        for piece, size in zip(pieces, sizes, strict=True)
    ]
    return fitted, len(order) - len(kept)


def _share(sizes: Sequence[int], budget: int) -> int:
    """The largest size a piece may have so that all fit: short ones leave their rest to long ones."""
    left = budget
    for done, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - done)
        if size > share:
            return share
        left -= size
    return max(sizes, default=0)


def _shortened(piece: Piece, limit: int, count: Count) -> Piece:
    """The longest beginning of a piece that takes at most `limit` tokens with the note and its fence."""
    low, high = 0, min(len(piece.text), limit * 8)
    while low < high:
        middle = (low + high + 1) // 2
        if _size(_cut(piece, middle), count) <= limit:
            low = middle
        else:
            high = middle - 1
    return _cut(piece, low)


def _cut(piece: Piece, length: int) -> Piece:
    if len(piece.text) <= length:
        return piece
    return replace(piece, text=f"{piece.text[:length].rstrip()} {SHORTENED}")


def _size(piece: Piece, count: Count) -> int:
    """Counted as it is sent, with the empty line around it."""
    return count(f"\n{piece.fenced}\n") + 1
