"""Maintenance windows as triage takes them: when they hold, and which of them keeps an alert quiet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.alert import Alert, Severity
from bot.domain.mute import Matcher
from bot.triage.muting import fits


@dataclass(frozen=True, slots=True)
class MuteRule:
    """A maintenance window: alerts that match every matcher are recorded and not told, from `starts` to
    `ends`.

    A critical alert is muted only where `includes_critical` says so. `by` is the key of a person.
    """

    id: int
    matchers: tuple[Matcher, ...]
    starts: datetime
    ends: datetime
    by: str
    reason: str
    includes_critical: bool = False

    def holds(self, now: datetime) -> bool:
        return self.starts <= now < self.ends

    def covers(self, alert: Alert) -> bool:
        """Whether it is about this alert; whether it may keep it quiet is another question."""
        return bool(self.matchers) and fits(self.matchers, alert)


def mute_of(
    alert: Alert, rules: Sequence[MuteRule], now: datetime
) -> tuple[MuteRule | None, MuteRule | None]:
    """(the window that keeps it quiet, the window that would but for its severity), the lowest number
    first."""
    covering = sorted(
        (rule for rule in rules if rule.holds(now) and rule.covers(alert)), key=lambda rule: rule.id
    )
    allowed = [rule for rule in covering if rule.includes_critical or alert.severity < Severity.CRITICAL]
    spared = [rule for rule in covering if rule not in allowed]
    return (allowed[0] if allowed else None), (spared[0] if spared and not allowed else None)
