"""Maintenance windows that vigie.toml declares: once, or again on some days of the week."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.mute import Matcher, shown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_OF_A_WEEK = timedelta(hours=84)


@dataclass(frozen=True, slots=True)
class Window:
    """One occurrence. `key` is the same for the same declaration and start, and for no other."""

    key: str
    matchers: tuple[Matcher, ...]
    critical: bool
    reason: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Declared:
    """Once from `start` on, or on each of `days` at the time `at` in `zone`; it `lasts` as long each time."""

    matchers: tuple[Matcher, ...]
    reason: str
    lasts: timedelta
    critical: bool = False
    start: datetime | None = None
    days: tuple[str, ...] = ()
    at: time = time(0)
    zone: str = "UTC"

    def window(self, now: datetime) -> Window | None:
        """The occurrence that holds now, if one does."""
        for starts in self.starts(now):
            if starts <= now < starts + self.lasts:
                key = f"file:{self._digest()}:{starts.isoformat()}"
                ends = starts + self.lasts
                return Window(key, self.matchers, self.critical, self.reason, starts, ends)
        return None

    def between(self, since: datetime, until: datetime) -> list[Window]:
        """Every occurrence that holds at some time from `since` to `until`."""
        found: dict[str, Window] = {}
        for day in range((until - since).days + 2):
            for starts in self.starts(min(since + timedelta(days=day), until)):
                window = self.window(starts)
                if window is not None and window.starts_at < until and window.ends_at > since:
                    found[window.key] = window
        return sorted(found.values(), key=lambda window: window.starts_at)

    def starts(self, near: datetime) -> Iterator[datetime]:
        """When it may have begun so that it still holds then."""
        if self.start is not None:
            yield self.start
            return
        zone = ZoneInfo(self.zone)
        for back in range(self.lasts.days + 2):
            day = near.astimezone(zone).date() - timedelta(days=back)
            if DAYS[day.weekday()] in self.days:
                yield datetime.combine(day, self.at, zone).astimezone(UTC)

    def _digest(self) -> str:
        said = (shown(self.matchers), self.reason, self.critical, self.start, self.days, self.at, self.zone)
        return hashlib.sha256(repr((said, self.lasts)).encode()).hexdigest()[:16]
