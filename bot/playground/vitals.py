"""The shop's health as the panel shows it: the newest reading, and each number's last two minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from bot.playground.faults import FAULTS
from bot.playground.shop_numbers import numbers

Json = dict[str, Any]

KEPT = 120
_WELL = "All is well: orders, checkouts and mails go through."


class Vitals:
    """Takes one reading a second and keeps two minutes of them."""

    def __init__(self) -> None:
        self._status = "down"
        self._broken: Sequence[str] = ()
        self._past: deque[list[Json] | None] = deque(maxlen=KEPT)

    def take(self, health: Json | None, broken: Sequence[str]) -> None:
        """Take in one answer of /health, None when there was none, and the names of the faults there now."""
        self._status = "down" if health is None else str(health["status"])
        self._broken = broken
        self._past.append(None if health is None else numbers(health))

    @property
    def broken(self) -> Sequence[str]:
        """The faults that were there at the newest reading."""
        return self._broken

    def shown(self) -> Json:
        """{status, summary, numbers}; each number has its history, oldest first, None for no answer."""
        now = self._past[-1] if self._past else None
        if now is None:
            return {"status": "down", "summary": "The shop does not answer.", "numbers": []}
        told = [number | {"history": self._history(at)} for at, number in enumerate(now)]
        return {"status": self._status, "summary": self._summary(), "numbers": told}

    def _history(self, at: int) -> list[float | None]:
        return [None if past is None else past[at]["value"] for past in self._past]

    def _summary(self) -> str:
        if self._broken:
            return f"Broken: {', '.join(FAULTS[name].title for name in self._broken)}."
        return _WELL if self._status == "ok" else "The shop recovers."
