"""Turns texts into vectors. One file an embedder; all speak the protocol below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Vectors of length one. `id` changes whenever the same text would get another vector.

    `floor`: the cosine at which a question and a passage start to have something to do with each other.
    """

    @property
    def id(self) -> str: ...
    @property
    def dimension(self) -> int: ...
    @property
    def floor(self) -> float: ...
    def warm(self) -> None:
        """Loads what is slow. Raises EmbedderUnavailable or WeightsRefused."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (texts, dimension). Raises EmbedderUnavailable."""
