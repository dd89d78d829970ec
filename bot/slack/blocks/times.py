"""Times and spans, as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta


def clock(at: datetime) -> str:
    """A time as people read it."""
    return f"{at:%d %b %H:%M:%S} UTC"


def span(lasts: timedelta) -> str:
    """How long something lasts, as people say it: `45 s`, `12 min`, `3 h`, `2 days`."""
    seconds = max(0, int(lasts.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 120 * 60:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86_400} days"
