"""What mutes do to alerts: the rules that triage takes, and what one would have done to the last day's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.alert import Kind, Severity
from bot.domain.mute import Matcher, Mute, Preview
from bot.domain.store import Tx
from bot.errors import MuteRefused
from bot.triage import muting
from bot.triage.mute import MuteRule

LOOKED_BACK = timedelta(hours=24)
_MANY_NAMES = 10


def rules_of(tx: Tx) -> list[MuteRule]:
    """The mutes in force and to come, as triage takes them: it keeps them, and knows when each begins."""
    return [rule_of(mute) for mute in tx.mutes.to_come()]


def rule_of(mute: Mute) -> MuteRule:
    """One of them."""
    return MuteRule(mute.id, mute.matchers, mute.starts_at, mute.ends_at, mute.by, mute.reason, mute.critical)


def preview(tx: Tx, matchers: Sequence[Matcher], critical: bool) -> Preview:
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


def refuse_all(seen: Preview, matchers: Sequence[Matcher]) -> None:
    """Matchers that are narrow in themselves may still fit all that there is."""
    if seen.others == 0 and seen.kinds >= _MANY_NAMES:
        raise MuteRefused(
            f"It fits all {seen.total} alerts of the last 24 hours. Say more about which ones you mean.",
            muting.said_at(matchers[0]),
        )
