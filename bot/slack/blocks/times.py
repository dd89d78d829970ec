"""Times and spans, as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta


def clock(at: datetime) -> str:
    """A time as people read it."""
    return f"{at:%d %b %H:%M:%S} UTC"


def exactly(lasts: timedelta) -> str:
    """How long something lasts, to the second: `1 h 30 min`, `2 days`."""
    rest, said = max(0, int(lasts.total_seconds())), list[str]()
    for word, seconds in (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        many, rest = divmod(rest, seconds)
        said += [f"{many} {word}{'s' if word == 'day' and many > 1 else ''}"] if many else []
    return " ".join(said) or "0 s"


def span(lasts: timedelta) -> str:
    """How long something lasts, as people say it: `45 s`, `12 min`, `3 h`, `2 days`."""
    seconds = max(0, int(lasts.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 120 * 60:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h" if seconds < 48 * 3600 else f"{seconds // 86_400} days"
