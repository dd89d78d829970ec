"""A Chroma server, by its address."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Server:
    """`token` is sent to it as a bearer token, for a proxy that asks for one."""

    url: str
    token: str = field(default="", repr=False)

    @property
    def away(self) -> str:
        """What is said when it does not answer."""
        return f"the Chroma server at {self.url} does not answer; start it, or correct chroma_url"
