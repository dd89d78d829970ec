"""A circuit breaker: after some failures in a row the model is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable


class Breaker:
    """Counts failures in a row; after `limit` it is open for `rest_s` seconds, then lets one try through.

    `monotonic` gives seconds and never goes back.
    """

    def __init__(self, monotonic: Callable[[], float], *, limit: int = 3, rest_s: float = 60.0) -> None:
        self._monotonic = monotonic
        self._limit = limit
        self._rest_s = rest_s
        self._failures = 0
        self._open_until = float("-inf")

    def allows(self) -> bool:
        """Whether a try may be made now; while a first try after the rest runs, no other is let through."""
        if self._failures < self._limit:
            return True
        now = self._monotonic()
        if now < self._open_until:
            return False
        self._open_until = now + self._rest_s
        return True

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._limit:
            self._open_until = self._monotonic() + self._rest_s

    @property
    def rests_s(self) -> float:
        """Seconds until the next try, 0 when one may be made now."""
        if self._failures < self._limit:
            return 0.0
        return max(self._open_until - self._monotonic(), 0.0)
