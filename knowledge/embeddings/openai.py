"""Vectors from any endpoint that speaks the OpenAI protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from knowledge.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from knowledge.embeddings import Vectors

BATCH = 64
TIMEOUT_SECONDS = 20.0


class OpenAIEmbedder:
    """Calls `base_url` with `model`. The dimension is learned by one call in `warm`."""

    def __init__(self, model: str, api_key: str, base_url: str | None = None, *, floor: float = 0.3) -> None:
        self._model, self._key, self._url = model, api_key, base_url
        self.id = f"openai-{model}"
        self.dimension = 0
        self.floor = floor

    def warm(self) -> None:
        """Learns the dimension. Raises EmbedderUnavailable when the endpoint does not answer."""
        if not self.dimension:
            self.dimension = self.embed(["dimension"]).shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (texts, dimension), in batches of 64. Raises EmbedderUnavailable."""
        import numpy as np
        import openai

        rows: list[list[float]] = []
        try:
            with openai.OpenAI(
                api_key=self._key, base_url=self._url, timeout=TIMEOUT_SECONDS, max_retries=1
            ) as client:
                for start in range(0, len(texts), BATCH):
                    answer = client.embeddings.create(
                        model=self._model, input=list(texts[start : start + BATCH]), encoding_format="float"
                    )
                    rows.extend(one.embedding for one in sorted(answer.data, key=lambda one: one.index))
        except openai.OpenAIError as error:
            raise EmbedderUnavailable(
                f"the embeddings endpoint failed ({type(error).__name__}); check its address, key and model"
            ) from error
        if len(rows) != len(texts) or len({len(row) for row in rows}) > 1:
            raise EmbedderUnavailable(
                "the embeddings endpoint answered with another number of vectors than asked"
            )
        vectors = np.asarray(rows, np.float32).reshape(len(texts), -1)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(vectors).all() or (lengths == 0).any():
            raise EmbedderUnavailable("the embeddings endpoint answered with vectors that have no direction")
        scaled: Vectors = vectors / lengths
        return scaled
