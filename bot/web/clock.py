"""The time for judging signatures: never before one that was stored, without asking the store each time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

LOOK_EVERY_S = 1.0


class KeptClock:
    """The store's time is read once a second at most; in between the newest time seen holds."""

    def __init__(
        self, stored: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._stored, self._monotonic = stored, monotonic
        self._newest, self._look_at = datetime.min.replace(tzinfo=UTC), float("-inf")

    def __call__(self) -> datetime:
        found = datetime.now(UTC)
        if self._monotonic() >= self._look_at:
            found = max(found, self._stored())
            self._look_at = self._monotonic() + LOOK_EVERY_S
        self._newest = max(self._newest, found)
        return self._newest
