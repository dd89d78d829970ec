"""How alike documents are, by a sketch of 64 bits: texts that differ in a few words differ in a few bits."""

from __future__ import annotations

import re
import zlib

import numpy as np

# Texts shorter than this differ in every word that differs.
MIN_WORDS = 20
# In bits; nearly the same words in nearly the same numbers.
NEAR = 3
_WORD = re.compile(r"\w+")
_SHIFTS = np.arange(64, dtype=np.uint64)
_MIX = 0x9E3779B97F4A7C15


def sketch(text: str) -> int | None:
    """The sketch of a text as a signed number (it is stored in eight bytes); None for a short text.

    Moses Charikar, "Similarity estimation techniques from rounding algorithms" (2002), over single words.
    """
    words = _WORD.findall(text.lower())
    if len(words) < MIN_WORDS:
        return None
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    hashes = np.array([_hash(word) for word in counts], dtype=np.uint64)
    weights = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
    bits = ((hashes[:, None] >> _SHIFTS) & np.uint64(1)).astype(np.int64) * 2 - 1
    votes = (bits * weights[:, None]).sum(axis=0) > 0
    return int.from_bytes(np.packbits(votes).tobytes(), "big", signed=True)


def _hash(word: str) -> int:
    encoded = word.encode()
    return ((zlib.crc32(encoded) << 32 | zlib.crc32(encoded[::-1])) * _MIX) & 0xFFFFFFFFFFFFFFFF


class Likeness:
    """The sketches of all documents, to count those that are nearly the same as another."""

    def __init__(self, known: dict[str, int]) -> None:
        self._places = {id: place for place, id in enumerate(known)}
        self._ids = list(known)
        self._sketches = np.array(list(known.values()), dtype=np.int64)
        self._used = len(known)

    def alike(self, id: str, value: int | None) -> list[str]:
        """The other documents that are nearly the same."""
        if value is None or not self._used:
            return []
        apart = np.bitwise_count(self._sketches[: self._used] ^ np.int64(value))
        return [self._ids[place] for place in np.flatnonzero(apart <= NEAR) if self._ids[place] != id]

    def add(self, id: str, value: int | None) -> None:
        """Remember a document that was written."""
        if value is None:
            return
        place = self._places.setdefault(id, self._used)
        if place == self._used:
            self._ids.append(id)
            self._used += 1
            if self._used > len(self._sketches):
                self._sketches = np.resize(self._sketches, max(64, 2 * self._used))
        self._sketches[place] = value
