"""What mutes do to alerts: the rules that triage takes, and what one would have done to the last day's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.domain import mute as mutes
from bot.domain.alert import Alert, Kind, Severity
from bot.domain.mute import Mute, Preview
from bot.domain.store import Tx
from bot.errors import MuteRefused
from bot.triage import muting
from bot.triage.mute import Matcher, MuteRule

LOOKED_BACK = timedelta(hours=24)
_MANY_NAMES = 10


def rules_of(tx: Tx) -> list[MuteRule]:
    """The mutes in force and to come, as triage takes them: it keeps them, and knows when each begins."""
    return [rule_of(mute) for mute in tx.mutes.to_come()]


def rule_of(mute: Mute) -> MuteRule:
    """One of them."""
    fits = tuple(Fit(match.field, match.value, match) for match in mute.matchers)
    return MuteRule(mute.id, fits, mute.starts_at, mute.ends_at, mute.by, mute.reason, mute.critical)


@dataclass(frozen=True, slots=True)
class Fit(Matcher):
    """A matcher with patterns, as triage takes one."""

    match: mutes.Matcher

    def matches(self, alert: Alert) -> bool:
        return muting.fits((self.match,), alert)


def preview(tx: Tx, matchers: Sequence[mutes.Matcher], critical: bool) -> Preview:
    """What a mute would have done to the firing deliveries of the last 24 hours, without heartbeats."""
    since = tx.now - LOOKED_BACK
    muted = total = hidden = left = 0
    names: dict[str, int] = {}
    every: set[str] = set()
    fitted: set[str] = set()
    for delivery, count in tx.deliveries.series_since(since):
        if delivery.decision is Kind.HEARTBEAT:
            continue
        alert = delivery.alert()
        total += count
        every.add(alert.name)
        if not muting.fits(matchers, alert):
            continue
        fitted.add(alert.name)
        is_critical = alert.severity is Severity.CRITICAL
        if is_critical and not critical:
            left += count
            continue
        muted += count
        hidden += count if is_critical else 0
        names[alert.name] = names.get(alert.name, 0) + count
    most = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    others = len(every) - len(fitted)
    return Preview(since, muted, total, hidden, left, tuple(most[:5]), len(fitted), others)


def refuse_all(seen: Preview, matchers: Sequence[mutes.Matcher]) -> None:
    """Matchers that are narrow in themselves may still fit all that there is."""
    if seen.others == 0 and seen.kinds >= _MANY_NAMES:
        raise MuteRefused(
            f"It fits all {seen.total} alerts of the last 24 hours. Say more about which ones you mean.",
            muting.said_at(matchers[0]),
        )
