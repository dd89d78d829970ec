"""Which embedder an installation has chosen, and which of those that it had before can still be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from knowledge.embeddings import Embedder

OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Choice:
    """The model of an endpoint, or the local one where `model` is empty. `weights`: folder of the local
    model's files, default the installed package.
    """

    model: str = ""
    url: str = OPENAI
    key: str = field(default="", repr=False)
    weights: Path | None = None

    def embedder(self, cache: Path) -> Embedder:
        """What makes vectors from now on."""
        return self._endpoint(self.model) if self.model else self._local(cache)

    def former(self, id: str, cache: Path) -> Embedder | None:
        """What made vectors with this id before.

        Another endpoint is never asked: what an index says is no reason to send a key anywhere.
        """
        local = self._local(cache)
        if id == local.id:
            return local
        model = id.removeprefix("openai:").rpartition("@")[0]
        endpoint = self._endpoint(model)
        return endpoint if model and endpoint.id == id else None

    def _local(self, cache: Path) -> Embedder:
        from knowledge.embeddings.local import LocalEmbedder

        return LocalEmbedder(self.weights, cache)

    def _endpoint(self, model: str) -> Embedder:
        from knowledge.embeddings.openai import OpenAIEmbedder

        return OpenAIEmbedder(model, self.key, self.url)
