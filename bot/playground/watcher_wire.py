"""Alertmanager's webhook, version 4, as its own notifier writes it: fingerprints, groups, payloads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NEVER = "0001-01-01T00:00:00Z"
EXTERNAL_URL = "http://alertmanager.shop.example"


@dataclass(frozen=True)
class WireAlert:
    """One alert of a notification; `ends_at` is None while it fires."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    generator_url: str

    def to_json(self) -> dict[str, Any]:
        """The alert as it stands in a payload."""
        return {
            "status": "firing" if self.ends_at is None else "resolved",
            "labels": dict(sorted(self.labels.items())),
            "annotations": dict(sorted(self.annotations.items())),
            "startsAt": _instant(self.starts_at),
            "endsAt": NEVER if self.ends_at is None else _instant(self.ends_at),
            "generatorURL": self.generator_url,
            "fingerprint": fingerprint(self.labels),
        }


def fingerprint(labels: Mapping[str, str]) -> str:
    """The 64-bit FNV-1a digest of sorted labels, 16 hexadecimal digits, as Prometheus computes it."""
    value = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in (*name.encode(), 0xFF, *labels[name].encode(), 0xFF):
            value = ((value ^ byte) * 0x100000001B3) % 2**64
    return f"{value:016x}"


def payload(alerts: Sequence[WireAlert], service: str | None, receiver: str = "vigie") -> dict[str, Any]:
    """One notification of a group of alerts, grouped by service; at least one alert."""
    firing = any(alert.ends_at is None for alert in alerts)
    group = {} if service is None else {"service": service}
    matcher = ", ".join(f'{name}="{value}"' for name, value in group.items())
    return {
        "receiver": receiver,
        "status": "firing" if firing else "resolved",
        "alerts": [alert.to_json() for alert in alerts],
        "groupLabels": group,
        "commonLabels": _common([alert.labels for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": EXTERNAL_URL,
        "version": "4",
        "groupKey": f"{{}}:{{{matcher}}}",
        "truncatedAlerts": 0,
    }


def _common(sets: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first, *rest = sets
    return {key: value for key, value in sorted(first.items()) if all(s.get(key) == value for s in rest)}


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
