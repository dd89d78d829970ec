"""What a mute may be, and which alerts it fits. Pure: one that is too wide is refused before it is stored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import re2

from bot.domain.alert import Alert, Severity
from bot.domain.mute import FIELDS, LABEL, LONGEST, Matcher, shown
from bot.errors import MuteRefused

SOONEST_END = timedelta(minutes=1)
FARTHEST_START = timedelta(days=90)
MOST_MATCHERS, LONGEST_TEXT, SHORTEST_REASON = 20, 200, 3
# Every value of these is shared by alerts that have nothing to do with each other.
_WIDE = frozenset({"source", "severity"})
# Whatever fits all of one row was not written to name anything. Other scripts are there on purpose.
_PROBES = (
    ("a", "Z", "7", "-"),
    ("KubePodNotReady", "db-primary_01.eu.example:9100", "zq 83 vk/ößж中 %", "x" * 60),
)


def fits(matchers: Sequence[Matcher], alert: Alert) -> bool:
    """Whether all matchers fit the alert's typed fields and labels; nothing else of it is looked at."""
    return all(fits_value(matcher, value_of(alert, matcher.field)) for matcher in matchers)


def value_of(alert: Alert, field: str) -> str:
    """What the alert has there; empty where it has nothing."""
    if field.startswith(LABEL):
        return alert.labels.get(field.removeprefix(LABEL), "")
    if field == "severity":
        return alert.severity.word
    return str(getattr(alert, field))


def check_matchers(matchers: Sequence[Matcher], heartbeats: Collection[str]) -> None:
    """Refuse what would mute everything, or a heartbeat, or can never fit.

    Raises:
        MuteRefused: says which matcher and why.
    """
    if not matchers:
        raise MuteRefused(
            "It has no matcher, so it would mute everything. Name a service, an alert or a label."
        )
    if len(matchers) > MOST_MATCHERS:
        raise MuteRefused(f"It has more than {MOST_MATCHERS} matchers.", "labels")
    for matcher in matchers:
        _check(matcher)
        _refuse_heartbeats(matcher, heartbeats)
    if all(_is_wide(matcher) for matcher in matchers):
        raise MuteRefused(
            f"{shown(matchers)} fits alerts that have nothing to do with each other."
            " Name a service, an alert, an environment or a label too.",
            said_at(matchers[0]),
        )


def said_at(matcher: Matcher) -> str:
    """The field of the form where something about it is said."""
    return "labels" if matcher.field.startswith(LABEL) else matcher.field


def check_times(starts_at: datetime, ends_at: datetime, now: datetime, longest: timedelta = LONGEST) -> None:
    """A mute always has an end, and it is not far away.

    Raises:
        MuteRefused: says what is wrong with its times.
    """
    if ends_at <= starts_at:
        raise MuteRefused("It ends before it starts.", "lasts")
    if ends_at - now < SOONEST_END:
        raise MuteRefused("It would be over already.", "start")
    if ends_at - starts_at > longest:
        said = "Silence must not be forgotten: extend it then."
        raise MuteRefused(f"It lasts longer than {longest.days} days. {said}", "lasts")
    if starts_at - now > FARTHEST_START:
        raise MuteRefused(f"It starts more than {FARTHEST_START.days} days from now.", "start")


def check_reason(reason: str) -> None:
    """Whoever looks for a missing alert is to find why.

    Raises:
        MuteRefused: there is no reason.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise MuteRefused("It has no reason. Say in a few words why these alerts may be silent.", "reason")


def parse(field: str, text: str) -> Matcher:
    """A value as people write it: `orders` is exact, `~web-[0-9]+` is a pattern."""
    text = text.strip()
    return Matcher(field, text.removeprefix("~").strip() if text[:1] == "~" else text, text[:1] == "~")


def fits_value(matcher: Matcher, value: str) -> bool:
    """Whether the value is the matcher's, or all of it fits its pattern."""
    if not matcher.is_pattern:
        return value == matcher.value
    return _compiled(matcher.value).fullmatch(value) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:  # noqa: ANN401  # re2 carries no types
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _check(matcher: Matcher) -> None:
    label = matcher.field.removeprefix(LABEL)
    if matcher.field not in FIELDS and (not matcher.field.startswith(LABEL) or not label):
        raise MuteRefused(f"{matcher.field!r} is no field: use {', '.join(FIELDS)} or a label.")
    if not matcher.value or len(matcher.value) > LONGEST_TEXT or len(label) > LONGEST_TEXT:
        said = f"{matcher.field} has no value, or one longer than {LONGEST_TEXT} characters."
        raise MuteRefused(said, said_at(matcher))
    words = {severity.word for severity in Severity}
    if matcher.field == "severity" and not matcher.is_pattern and matcher.value not in words:
        raise MuteRefused("severity is one of info, warning, critical.", "severity")
    if matcher.is_pattern:
        _check_pattern(matcher)


def _check_pattern(matcher: Matcher) -> None:
    try:
        pattern = _compiled(matcher.value)
    except re2.error as error:
        said = f"{matcher.shown} is no pattern that RE2 takes ({_text(error)})."
        raise MuteRefused(said, said_at(matcher)) from None
    if pattern.fullmatch("") is not None:
        raise MuteRefused(
            f"{matcher.shown} fits the empty text too, so it would mute what has no {matcher.field}.",
            said_at(matcher),
        )
    if any(all(pattern.fullmatch(probe) is not None for probe in probes) for probes in _PROBES):
        said = f"{matcher.shown} fits everything. Write what the alerts have in common."
        raise MuteRefused(said, said_at(matcher))


def _text(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _is_wide(matcher: Matcher) -> bool:
    return matcher.field in _WIDE


def _refuse_heartbeats(matcher: Matcher, heartbeats: Collection[str]) -> None:
    if matcher.field not in ("name", f"{LABEL}alertname"):
        return
    for name in sorted(heartbeats):
        if fits_value(matcher, name):
            said = f"{matcher.shown} fits {name}, which is a heartbeat: it can never be muted."
            raise MuteRefused(said, said_at(matcher))
