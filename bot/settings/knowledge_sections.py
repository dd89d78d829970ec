"""What an installation says of its documents: who makes vectors, where those are kept, who sees what."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator

from bot.settings.section import Section

LOCAL = "local"
ModelName = Annotated[str, StringConstraints(pattern=r"^[^\s@#]+$", max_length=200)]


class KnowledgeSection(Section):
    """[knowledge] Without vectors, search rests on words alone."""

    vectors: bool = True
    """false searches by words alone and takes 100 MB less memory."""
    embeddings: ModelName = Field(LOCAL, examples=["text-embedding-3-small"])
    """What makes vectors: "local", or a model of an endpoint that speaks OpenAI's embeddings."""
    embeddings_url: str = Field("", examples=["http://127.0.0.1:11434/v1"])
    """That endpoint, with VIGIE_EMBEDDINGS_KEY. Empty: the model's own, OPENAI_BASE_URL, and its key."""
    chroma_url: str = Field("", examples=["http://127.0.0.1:8000"])
    """A Chroma server for the vectors, with VIGIE_CHROMA_TOKEN for a proxy; empty: the folder has them."""
    limits: dict[str, list[str]] = Field({})
    """Folder of ids = who may see what lies there: ids of channels and people, or "incidents"."""

    @field_validator("embeddings_url", "chroma_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        if not url:
            return url
        try:
            parts = urlsplit(url)
            known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not known or any(c.isspace() for c in url):
            raise ValueError("no address. Write one as in http://127.0.0.1:8000.")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("it holds more than an address. Put a key into vigie.env instead.")
        return url.rstrip("/")

    @field_validator("chroma_url")
    @classmethod
    def _has_no_path(cls, url: str) -> str:
        if urlsplit(url).path:
            raise ValueError("a Chroma server has no path. Write scheme, host and port alone.")
        return url
