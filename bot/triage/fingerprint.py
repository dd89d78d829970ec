"""What makes two deliveries the same alert: its source and its labels, hashed without ambiguity."""

from __future__ import annotations

import hashlib

from bot.domain.alert import Alert
from bot.triage.template import is_volatile, name_template, value_template

_NOT_IDENTITY = frozenset({"severity"})


def fingerprint(alert: Alert) -> str:
    """Canonical hash of source, name and labels but the severity, which may rise on one alert.

    Numbers that measure, times and identifiers in them are taken out first: they change from one delivery
    to the
    next. Labels that only measure do not count, and texts never do. Every part is prefixed with its length,
    so no
    separator in a label can make two alerts collide.
    """
    parts = [alert.source, name_template(alert.name)]
    for key in sorted(alert.labels):
        if key not in _NOT_IDENTITY and not is_volatile(key):
            parts += [key, value_template(alert.labels[key])]
    hasher = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        hasher.update(len(raw).to_bytes(8, "big") + raw)
    return hasher.hexdigest()[:32]
