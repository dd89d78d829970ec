"""Vectors from any endpoint that speaks the OpenAI protocol."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from knowledge.embeddings.floor import UNRELATED, floor_of
from knowledge.errors import EmbedderUnavailable

if TYPE_CHECKING:
    from openai import OpenAI

    from knowledge.embeddings import Vectors

BATCH = 64
# A question asks for a few texts and somebody waits for it; a batch of passages may take longer.
FEW, FEW_SECONDS, BATCH_SECONDS, CONNECT_SECONDS = 16, 6.0, 60.0, 3.0
# After a failure nobody waits again for so long.
REST_SECONDS = 5.0


class OpenAIEmbedder:
    """Calls `base_url` with `model`. Dimension and floor are learned by one call in `warm`."""

    def __init__(self, model: str, api_key: str, base_url: str) -> None:
        """`api_key` may be empty where the endpoint asks for none."""
        self._model, self._key, self._url = model, api_key, base_url
        self.id = f"openai:{model}@{hashlib.sha256(base_url.encode()).hexdigest()[:8]}"
        self.dimension = 0
        self.floor = 0.3
        self._failed_at: float | None = None
        self._why = ""

    def warm(self) -> None:
        """Learns dimension and floor. Raises EmbedderUnavailable when the endpoint does not answer."""
        if not self.dimension:
            vectors = self.embed(UNRELATED)
            self.floor = floor_of(vectors)
            self.dimension = vectors.shape[1]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 (texts, dimension), in batches of 64. Raises EmbedderUnavailable."""
        if self._failed_at is not None and time.monotonic() - self._failed_at < REST_SECONDS:
            raise EmbedderUnavailable(self._why)
        try:
            vectors = self._vectors(texts)
        except EmbedderUnavailable as error:
            self._failed_at, self._why = time.monotonic(), str(error)
            raise
        self._failed_at = None
        return vectors

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        import numpy as np
        import openai

        rows: list[list[float]] = []
        seconds = FEW_SECONDS if len(texts) <= FEW else BATCH_SECONDS
        timeout = openai.Timeout(seconds, connect=CONNECT_SECONDS)
        # An empty key is refused by the client, not by endpoints that need none.
        with openai.OpenAI(
            api_key=self._key or "none", base_url=self._url, timeout=timeout, max_retries=0
        ) as client:
            for start in range(0, len(texts), BATCH):
                some = list(texts[start : start + BATCH])
                rows += self._checked(_Call(client, self._model, some).result(seconds), len(some))
        try:
            vectors = np.asarray(rows, np.float32).reshape(len(texts), -1)
        except (ValueError, TypeError, OverflowError):
            raise self._nonsense("vectors of several lengths, or no numbers") from None
        if self.dimension and len(texts) and vectors.shape[1] != self.dimension:
            raise self._nonsense(
                f"vectors of {vectors.shape[1]} numbers instead of {self.dimension}: it has another model;"
                " start Vigie again to embed all documents anew"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or (lengths == 0).any():
            raise self._nonsense("vectors that have no direction")
        scaled: Vectors = vectors / lengths
        return scaled

    def _checked(self, answer: Any, asked: int) -> list[list[float]]:  # noqa: ANN401  # whatever it answered
        if isinstance(answer, Exception):
            status = getattr(answer, "status_code", None)
            why = f"status {status}" if status else type(answer).__name__
            raise EmbedderUnavailable(
                f"the embeddings endpoint {self._url} failed ({why}); check its address, key and model"
            )
        try:
            rows = {int(one.index): one.embedding for one in answer.data}
        except (AttributeError, TypeError, ValueError):
            raise self._nonsense("something else than vectors") from None
        if sorted(rows) != list(range(asked)) or not all(isinstance(row, list) for row in rows.values()):
            raise self._nonsense("another number of vectors than asked")
        return [rows[number] for number in range(asked)]

    def _nonsense(self, what: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(
            f"the embeddings endpoint {self._url} answered with {what}; check that it serves {self._model}"
        )


class _Call:
    """One request under a deadline for all of it: the client's own timeout only bounds each pause."""

    def __init__(self, client: OpenAI, model: str, texts: list[str]) -> None:
        self._client, self._model, self._texts = client, model, texts
        self._answer: object = TimeoutError()
        self._thread = threading.Thread(target=self._ask, name="embeddings", daemon=True)

    def result(self, seconds: float) -> object:
        """The answer, or the exception that came instead of it."""
        self._thread.start()
        self._thread.join(seconds)
        return TimeoutError() if self._thread.is_alive() else self._answer

    def _ask(self) -> None:
        try:
            self._answer = self._client.embeddings.create(
                model=self._model, input=self._texts, encoding_format="float"
            )
        except Exception as error:  # noqa: BLE001  # a thread's boundary: whoever waits judges it
            self._answer = error
