"""PagerDuty: events of its Events API v2, as existing senders make them, and its webhooks v3."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from bot.domain.alert import Alert, AlertStatus
from bot.errors import BadInput
from bot.sources.fields import Fields, cleaned, started
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed

_V3 = {
    "incident.triggered": AlertStatus.FIRING,
    "incident.reopened": AlertStatus.FIRING,
    "incident.escalated": AlertStatus.FIRING,
    "incident.resolved": AlertStatus.RESOLVED,
}
_URGENCY = {"high": "critical", "low": "warning"}
_CONTENT = ("source", "component", "group", "class", "summary")


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alert of an event; none for what only says that somebody acts on one.

    Raises:
        BadInput: names the field that is missing or of the wrong type.
    """
    whole = Fields(payload, "", set())
    if "event_action" in whole.raw:
        return _event(whole, received_at, options)
    if isinstance(whole.raw.get("event"), dict):
        return _webhook(whole.inner("event"), received_at, options)
    raise BadInput("event_action: it is missing; expected an event of the Events API v2, or a webhook v3.")


def dedup_key(payload: object) -> str:
    """The key by which an event of the Events API v2 is known; made from what it says where it has none."""
    raw: dict[str, Any] = payload if isinstance(payload, dict) else {}
    if isinstance(raw.get("dedup_key"), str) and raw["dedup_key"]:
        return str(raw["dedup_key"])[:255]
    inner = raw.get("payload")
    said = {name: inner.get(name) for name in _CONTENT} if isinstance(inner, dict) else {}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def delivery(payload: object) -> str:
    """What makes two deliveries of a webhook the same one; empty for an event."""
    event = payload.get("event") if isinstance(payload, dict) else None
    return str(event.get("id") or "") if isinstance(event, dict) else ""


def _event(whole: Fields, received_at: datetime, options: Options) -> Parsed:
    action = whole.word("event_action", "trigger", "acknowledge", "resolve")
    key = dedup_key(whole.raw)
    if action != "trigger" and not whole.text("dedup_key"):
        raise BadInput("dedup_key: it is missing; without it nobody knows which alert is meant.")
    if action == "acknowledge":
        return Parsed([])
    inner = whole.inner("payload")
    if action == "trigger":
        inner.needed("summary", "without it the alert says nothing")
        inner.needed("source", "it names what is affected")
    details = inner.raw.get("custom_details")
    annotations = inner.scalars("custom_details") if isinstance(details, dict) else {}
    named = {name: inner.text(name) for name in ("source", "component", "group", "class")}
    origin = {"dedup_key": key, "url": whole.text("client_url"), "client": whole.text("client")}
    alert = Alert(
        source="pagerduty",
        name=named["class"] or inner.text("summary") or key,
        status=AlertStatus.RESOLVED if action == "resolve" else AlertStatus.FIRING,
        severity=options.graded(inner.text("severity"), whole.flags),
        service=named["component"] or named["source"],
        environment=annotations.get("environment") or annotations.get("env", ""),
        starts_at=started(inner.time("timestamp"), received_at, whole.flags),
        ends_at=received_at if action == "resolve" else None,
        summary=inner.text("summary"),
        description="" if isinstance(details, dict) else inner.text("custom_details"),
        labels=cleaned({"dedup_key": key}, whole.flags),
        annotations={name: value for name, value in (annotations | named).items() if value},
        flags=tuple(sorted(whole.flags)),
        origin={name: value for name, value in origin.items() if value},
        # A resolve brings nothing but the key.
        identity=f"event:{key}",
    )
    return Parsed([alert])


def _webhook(event: Fields, received_at: datetime, options: Options) -> Parsed:
    kind = event.needed("event_type", "it says what happened")
    status = _V3.get(kind)
    if status is None:
        return Parsed([])
    data = event.inner("data")
    number = data.needed("id", "it names the incident")
    urgency = data.text("urgency")
    priority, service = _summary(data, "priority"), _summary(data, "service")
    word = priority if priority.lower() in options.words else _URGENCY.get(urgency.lower(), urgency)
    origin = {"dedup_key": data.text("incident_key"), "incident": number, "url": data.text("html_url")}
    alert = Alert(
        source="pagerduty",
        name=data.text("title") or "PagerDuty incident",
        status=status,
        severity=options.graded(word, event.flags),
        service=service,
        environment="",
        starts_at=started(data.time("created_at"), received_at, event.flags),
        ends_at=event.time("occurred_at") if status is AlertStatus.RESOLVED else None,
        summary=data.text("title"),
        labels={"incident": number},
        annotations={n: v for n, v in {"urgency": urgency, "priority": priority}.items() if v},
        flags=tuple(sorted(event.flags)),
        origin={name: value for name, value in origin.items() if value},
        identity=f"incident:{number}",
    )
    return Parsed([alert])


def _summary(data: Fields, name: str) -> str:
    inner = data.inner(name)
    return inner.text("summary") or inner.text("name")
