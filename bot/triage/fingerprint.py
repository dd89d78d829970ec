"""What makes two deliveries the same alert: its source and its labels, hashed without ambiguity."""

from __future__ import annotations

import hashlib

from bot.domain.alert import Alert


def fingerprint(alert: Alert) -> str:
    """Canonical hash of source, name and labels but the severity, which may rise on one alert.

    Every part is prefixed with its length, so no separator in a label can make two alerts collide.
    """
    # What the sender itself calls one alert is taken as it is.
    parts = [alert.source, "identity", alert.identity] if alert.identity else [alert.source, alert.name]
    for key in sorted(alert.labels if not alert.identity else ()):
        if key != "severity":
            parts += [key, alert.labels[key]]
    hasher = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        hasher.update(len(raw).to_bytes(8, "big") + raw)
    return hasher.hexdigest()[:32]
