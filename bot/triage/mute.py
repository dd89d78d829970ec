"""Maintenance windows: what they match, when they hold, and which of them nobody may write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alert import Alert, Severity

FIELDS = ("source", "name", "service", "environment")
LABEL = "label:"
LONGEST = timedelta(days=30)
_FEWEST_BEFORE_STAR = 3


@dataclass(frozen=True, slots=True)
class Matcher:
    """One typed field and what it must be: `field` is of FIELDS or `label:KEY`; only a `*` at the end is
    special."""

    field: str
    value: str

    def matches(self, alert: Alert) -> bool:
        actual = self._actual(alert)
        if self.value.endswith("*"):
            return actual.startswith(self.value[:-1])
        return actual == self.value

    def _actual(self, alert: Alert) -> str:
        if self.field.startswith(LABEL):
            return alert.labels.get(self.field[len(LABEL) :], "")
        return str(getattr(alert, self.field)) if self.field in FIELDS else ""


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
        return bool(self.matchers) and all(matcher.matches(alert) for matcher in self.matchers)


def refusal(rule: MuteRule, heartbeats: frozenset[str] = frozenset()) -> str:
    """Why nobody may have this window; empty when it is fine. Ask before it is stored, and again at load."""
    if not rule.matchers:
        return "It would match every alert; name at least a service, a name or a label."
    for matcher in rule.matchers:
        wrong = _wrong_matcher(matcher)
        if wrong:
            return wrong
    if rule.ends <= rule.starts:
        return "It ends before it starts."
    if rule.ends - rule.starts > LONGEST:
        return f"It lasts longer than {LONGEST.days} days; a window has an end that people live to see."
    named = [m.value for m in rule.matchers if m.field == "name"]
    if any(
        beat == name or (name.endswith("*") and beat.startswith(name[:-1]))
        for name in named
        for beat in heartbeats
    ):
        return "A heartbeat cannot be muted: its absence is what tells that alerting is broken."
    return ""


def _wrong_matcher(matcher: Matcher) -> str:
    if matcher.field not in FIELDS and not (matcher.field.startswith(LABEL) and matcher.field != LABEL):
        return f"{matcher.field!r} is no field; take {', '.join(FIELDS)} or label:KEY."
    stem = matcher.value.removesuffix("*")
    if "*" in stem or (matcher.value.endswith("*") and len(stem.strip(".^")) < _FEWEST_BEFORE_STAR):
        return (
            f"{matcher.value!r} matches too much: a * stands at the end alone,"
            f" after {_FEWEST_BEFORE_STAR} characters or more."
        )
    if not stem:
        return f"{matcher.field}: the value is empty."
    if not any(character.isalnum() for character in stem):
        return f"{matcher.value!r} names nothing; write what the field is, word for word."
    return ""


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
