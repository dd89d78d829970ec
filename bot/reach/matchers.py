"""A mute in the words of Alertmanager: matchers that fit no alert which the mute does not keep quiet.

They may fit fewer: what the source still sends, the mute keeps quiet here. So what cannot be said exactly is
left out on the safe side, and critical alerts and heartbeats always come through.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bot.domain.alert import Severity
from bot.domain.mute import LABEL, Matcher, Mute
from bot.triage.muting import fits_value

_LABELS = {"name": "alertname", "service": "service", "environment": "environment"}


def matchers_of(
    mute: Mute, source: str, heartbeats: Collection[str], severities: Mapping[str, Severity]
) -> list[Mapping[str, object]]:
    """The matchers for this source, none where the mute does not concern it.

    `severities` is what the words of the label `severity` mean there; the empty one, what its absence means.
    """
    found: list[Mapping[str, object]] = []
    wanted = {one for one in Severity if mute.critical or one < Severity.CRITICAL}
    for matcher in mute.matchers:
        if matcher.field == "source":
            if not fits_value(matcher, source):
                return []
        elif matcher.field == "severity":
            wanted &= {one for one in Severity if fits_value(matcher, one.word)}
        else:
            found.append(_label(matcher))
    if not wanted or not found:
        return []
    if wanted != set(Severity):
        words = [re.escape(word) for word, means in sorted(severities.items()) if means in wanted]
        found.append(_matcher("severity", f"(?i:{'|'.join(words)})", is_pattern=True))
    if heartbeats:
        names = "|".join(re.escape(name) for name in sorted(heartbeats))
        found.append(_matcher("alertname", names, is_pattern=True, is_equal=False))
    return found


def _label(matcher: Matcher) -> Mapping[str, object]:
    name = _LABELS.get(matcher.field) or matcher.field.removeprefix(LABEL)
    return _matcher(name, matcher.value, is_pattern=matcher.is_pattern)


def _matcher(name: str, value: str, *, is_pattern: bool, is_equal: bool = True) -> Mapping[str, object]:
    return {"name": name, "value": value, "isRegex": is_pattern, "isEqual": is_equal}
