"""Keeps the log short: what comes again and again is written once a minute, with how often it came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

EVERY = timedelta(minutes=1)


class Seldom:
    """By name; the names are those of vigie.toml, so there are few."""

    def __init__(self, now: Callable[[], datetime], every: timedelta = EVERY) -> None:
        self._now, self._every = now, every
        self._again_at: dict[str, datetime] = {}
        self._missed: dict[str, int] = {}

    def due(self, name: str) -> int:
        """How many to write of now, this one among them; 0 while it is too early."""
        count = self._missed.get(name, 0) + 1
        now = self._now()
        if name in self._again_at and now < self._again_at[name]:
            self._missed[name] = count
            return 0
        self._again_at[name], self._missed[name] = now + self._every, 0
        return count
