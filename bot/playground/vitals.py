"""The shop's health as the panel shows it: numbers with their last two minutes, and what is broken now."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.faults import FAULTS
from bot.playground.watcher_rules import RULES

Json = dict[str, Any]
Health = dict[str, Any]
"""What the shop's /health answered."""

KEPT = 120


@dataclass(frozen=True)
class Number:
    """One figure of the shop; above `limit` it is bad. Left out where the shop does not tell it."""

    name: str
    unit: str
    limit: float
    read: Callable[[Health], float]


NUMBERS = (
    Number("Orders waiting", "", 8, lambda health: health["pool"]["queue"]),
    Number("Oldest order", "s", 2, lambda health: health["pool"]["oldest_s"]),
    Number("Checkouts failing", "%", 20, lambda health: health["checkout"]["failed_share"] * 100),
    Number("Workers waiting", "", 3, lambda health: health["pool"]["waiting"]),
)


class Vitals:
    """Takes one reading a second and keeps two minutes of them."""

    def __init__(self) -> None:
        self._now: Health | None = None
        self._history: deque[Health | None] = deque(maxlen=KEPT)

    def take(self, health: Health | None) -> None:
        """Take in one reading; None when the shop did not answer."""
        self._now = health
        self._history.append(health)

    def broken(self) -> frozenset[str]:
        """The faults of which an alert rule holds on the newest reading."""
        health = self._now
        if health is None:
            return frozenset()
        holding = {rule.name for rule in RULES if rule.holds(health)}
        return frozenset(name for name, fault in FAULTS.items() if holding & set(fault.alerts))

    def shop(self) -> Json:
        """{status, summary, numbers}: each number with its unit, limit and history, oldest first."""
        if self._now is None:
            return {"status": "down", "summary": "The shop does not answer.", "numbers": []}
        status = str(self._now["status"])
        broken = ", ".join(FAULTS[name].title.lower() for name in sorted(self.broken()))
        ailing = f"Something is wrong: {broken}." if broken else "Something is wrong."
        summary = "All is well: orders are served, checkouts go through." if status == "ok" else ailing
        numbers = [_shown(number, self._now, self._history) for number in NUMBERS]
        return {"status": status, "summary": summary, "numbers": [n for n in numbers if n is not None]}


def _shown(number: Number, now: Health, history: deque[Health | None]) -> Json | None:
    value = _read(number, now)
    if value is None:
        return None
    return {
        "name": number.name,
        "unit": number.unit,
        "limit": number.limit,
        "value": round(value, 1) if value < 10 and number.unit == "s" else round(value),
        "bad": value > number.limit,
        "history": [None if past is None else _read(number, past) for past in history],
    }


def _read(number: Number, health: Health) -> float | None:
    try:
        return round(float(number.read(health)), 1)
    except (KeyError, TypeError):  # this shop does not tell it
        return None
