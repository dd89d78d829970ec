"""The pipeline of triage, in order. It reads what is remembered and changes nothing; `note.py` remembers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.domain.alert import Alert, Decision
from bot.triage.memory import Memory
from bot.triage.rules import Rules
from bot.triage.seen import Seen, look
from bot.triage.tell import tell
from bot.triage.where import where
from bot.triage.whether import heartbeat, muted, repeat, resolved, spared

__all__ = ["Memory", "Rules", "decide"]

Step = Callable[[Seen, Memory, Rules, datetime], Decision | None]

WHETHER: tuple[Step, ...] = (heartbeat, resolved, repeat, muted)


def decide(
    alert: Alert, fingerprint: str, memory: Memory, rules: Rules, now: datetime
) -> tuple[Seen, Decision]:
    """What becomes of one delivery: known already? explained by which incident? are people told, and when?"""
    seen = look(alert, fingerprint, memory, rules, now)
    for step in WHETHER:
        decision = step(seen, memory, rules, now)
        if decision is not None:
            return seen, decision
    if not seen.begins:
        # It fires on, but what it belonged to is over, or a window that kept it quiet is: as if it began now.
        seen = replace(seen, begins=True)
    place = where(seen, memory, rules, now)
    decision = tell(seen, place, memory, rules, now)
    note = spared(seen, memory, now)
    return seen, replace(decision, reason=decision.reason + note) if note else decision
