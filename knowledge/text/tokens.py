"""Counts the tokens of a text, exactly with tiktoken's vocabulary, else by an upper bound that never
undercounts.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Protocol

ENCODING = "cl100k_base"
LOAD_LIMIT_SECONDS = 2.0

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_loaded: dict[str, Counter] = {}


class Encoding(Protocol):
    """The part of tiktoken.Encoding that is used."""

    def encode_ordinary(self, text: str) -> list[int]: ...


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts tokens. `exact` is False while only the bound (bytes in UTF-8) is known."""

    encoding: Encoding | None

    @property
    def exact(self) -> bool:
        """Whether a count is the model's own."""
        return self.encoding is not None

    def count(self, text: str) -> int:
        """Tokens of the text, or at least that many. Marks like <|endoftext|> are plain text here."""
        if self.encoding is None:
            # Each token of a byte-level vocabulary stands for one byte at least.
            return len(text.encode("utf-8", "replace"))
        return len(self.encoding.encode_ordinary(text))


def counter(name: str = ENCODING, limit_seconds: float = LOAD_LIMIT_SECONDS) -> Counter:
    """The counter of a vocabulary, loaded once a process; waits at most `limit_seconds` the first time."""
    with _lock:
        if name not in _loaded:
            _loaded[name] = _load(name, limit_seconds)
        return _loaded[name]


def _load(name: str, limit_seconds: float) -> Counter:
    found: list[Encoding] = []
    problem: list[str] = []

    def work() -> None:
        import requests
        import tiktoken

        try:
            found.append(tiktoken.get_encoding(name))
        except (OSError, ValueError, requests.RequestException) as error:
            problem.append(type(error).__name__)

    # A thread, because the download inside has no time limit of its own.
    thread = threading.Thread(target=work, name="tiktoken", daemon=True)
    thread.start()
    thread.join(limit_seconds)
    if found:
        return Counter(found[0])
    why = problem[0] if problem else f"not there within {limit_seconds:g} s"
    _log.warning(
        "tokens are counted by an upper bound: the vocabulary %s cannot be loaded (%s); "
        "set TIKTOKEN_CACHE_DIR to a folder that holds it",
        name,
        why,
    )
    return Counter(None)
