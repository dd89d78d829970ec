"""A deterministic embedder for tests and dry runs: hashed character trigrams, no model, no files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors


class NgramEmbedder:
    """Texts that share trigrams have vectors near each other. `embedded` counts the texts, for tests of
    economy.
    """

    floor = 0.2

    def __init__(self, dimension: int = 64) -> None:
        self.dimension = dimension
        self.id = f"ngram-{dimension}"
        self.embedded = 0

    def warm(self) -> None:
        """Nothing to load."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (texts, dimension)."""
        import numpy as np

        self.embedded += len(texts)
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            padded = f"  {text.lower()}  "
            for start in range(len(padded) - 2):
                digest = hashlib.blake2b(
                    padded[start : start + 3].encode("utf-8", "replace"), digest_size=4
                ).digest()
                number = int.from_bytes(digest, "big")
                vectors[row, number % self.dimension] += 1.0 if number & (1 << 31) else -1.0
        # An all-zero row cannot be scaled to length one.
        vectors[~vectors.any(axis=1), 0] = 1.0
        scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return scaled
