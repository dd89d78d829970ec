"""What is usual: how long alerts of a name last before they clear by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.triage.memory import Memory
from bot.triage.rules import Rules

_FEWEST_CLEARS = 5


def clears_key(name: str) -> str:
    return f"clears:{name}"


def hold_of(name: str, memory: Memory, rules: Rules) -> tuple[timedelta, str]:
    """How long an alert of this name is held, and why: half as long again as nineteen in twenty take to
    clear."""
    seen = memory.habit(clears_key(name))
    if len(seen) < _FEWEST_CLEARS or not rules.has("history"):
        return rules.hold, f"it has {_span(rules.hold)} to clear by itself"
    usual = timedelta(seconds=_high(seen))
    length = min(rules.longest_hold, max(rules.shortest_hold, usual * 1.5))
    return length, f"{name} mostly clears by itself within {_span(usual)}"


def _high(seen: Sequence[float]) -> float:
    ordered = sorted(seen)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def _span(lasts: timedelta) -> str:
    seconds = int(lasts.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"
