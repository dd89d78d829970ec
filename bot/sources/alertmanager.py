"""Alertmanager's webhook, version 4, as its documentation describes `webhook_config`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.errors import BadInput
from bot.sources.text import clean

MAX_ALERTS = 1000
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def parse(payload: object, received_at: datetime) -> list[Alert]:
    """The alerts of one notification.

    Raises:
        BadInput: names the field that is missing or of the wrong type.
    """
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        raise BadInput("alerts: expected a list, as in Alertmanager's webhook, version 4.")
    if payload.get("version") != "4":
        raise BadInput('version: expected "4"; point an Alertmanager webhook_config here.')
    alerts = payload["alerts"]
    if not 1 <= len(alerts) <= MAX_ALERTS:
        raise BadInput(f"alerts: expected 1 to {MAX_ALERTS} of them, got {len(alerts)}.")
    return [_alert(raw, f"alerts[{index}]", received_at) for index, raw in enumerate(alerts)]


def _alert(raw: object, where: str, received_at: datetime) -> Alert:
    if not isinstance(raw, dict):
        raise BadInput(f"{where}: expected an object.")
    flags: set[str] = set()
    labels = _texts(raw, "labels", where, flags)
    annotations = _texts(raw, "annotations", where, flags)
    if not labels.get("alertname"):
        raise BadInput(f"{where}.labels.alertname: it is missing; without it the alert has no name.")
    try:
        status = AlertStatus(str(raw.get("status")))
    except ValueError:
        raise BadInput(f'{where}.status: expected "firing" or "resolved".') from None
    ends_at = _time(raw, "endsAt", where)
    return Alert(
        source="alertmanager",
        name=labels["alertname"],
        status=status,
        severity=Severity.parse(labels.get("severity", "")),
        service=labels.get("service") or labels.get("job", ""),
        environment=labels.get("environment") or labels.get("env", ""),
        starts_at=_time(raw, "startsAt", where) or received_at,
        ends_at=ends_at if ends_at and ends_at > _NEVER else None,
        summary=annotations.get("summary", ""),
        description=annotations.get("description", ""),
        labels=labels,
        annotations=annotations,
        flags=tuple(sorted(flags)),
    )


def _texts(raw: Mapping[str, object], field: str, where: str, flags: set[str]) -> dict[str, str]:
    values = raw.get(field, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise BadInput(f"{where}.{field}: expected an object of texts.")
    cleaned: dict[str, str] = {}
    named = [(clean(key, flags), key, value) for key, value in values.items()]
    # A name that is clean as it stands goes first: one that only looks like it must not take its place.
    for name, _, value in sorted(named, key=lambda item: item[0] != item[1]):
        if name in cleaned:
            flags.add("two labels read alike")
        else:
            cleaned[name] = clean(value, flags)
    return cleaned


def _time(raw: Mapping[str, object], field: str, where: str) -> datetime | None:
    value = raw.get(field)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{where}.{field}: expected a time such as 2026-01-31T08:00:00Z.") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
