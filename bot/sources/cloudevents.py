"""CloudEvents 1.0 over HTTP: structured, batched, and binary once `structured` has put it together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import unquote

from bot.domain.alert import Alert
from bot.errors import BadInput
from bot.sources import mapped
from bot.sources.fields import Fields
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed, each

_BATCH = "application/cloudevents-batch+json"
_STRUCTURED = "application/cloudevents"
# Where a field stands unless vigie.toml says otherwise.
DEFAULTS = {
    "name": "/type",
    "status": "/data/status",
    "severity": "/data/severity",
    "service": "/data/service",
    "environment": "/data/environment",
    "summary": "/data/summary",
    "description": "/data/description",
    "starts_at": "/time",
    "labels": "/data/labels",
}


def structured(headers: Mapping[str, str], payload: object) -> object:
    """The event in structured form: in binary mode its attributes are headers, and the body is its data."""
    kind = headers.get("Content-Type", "").lower()
    if kind.startswith(_STRUCTURED):
        return payload
    given = {k.lower().removeprefix("ce-"): v for k, v in headers.items() if k.lower().startswith("ce-")}
    if not given:
        return payload
    return {name: unquote(value) for name, value in given.items()} | {"data": payload}


def delivery(payload: object) -> str:
    """An event is known by its source and id; empty for a batch, and for what has none."""
    if not isinstance(payload, dict) or not payload.get("id") or not payload.get("source"):
        return ""
    return f"{payload['source']}\n{payload['id']}"


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alerts of one event or of a batch of them.

    Raises:
        BadInput: names the attribute that is missing or of the wrong type, where nothing can be read.
    """
    options = replace(options, fields=DEFAULTS | dict(options.fields))

    def read(raw: object, where: str) -> Parsed:
        found = _parse_one(raw, where, received_at, options)
        return replace(found, alerts=[_known(alert, raw, where) for alert in found.alerts])

    return each(payload, "events", read) if isinstance(payload, list) else read(payload, "")


def _parse_one(raw: object, where: str, received_at: datetime, options: Options) -> Parsed:
    event = Fields(raw, where, set())
    if event.text("specversion") != "1.0":
        raise BadInput(f'{event.place("specversion")}: expected "1.0".')
    for name in ("id", "source", "type"):
        event.needed(name, "every CloudEvent has one")
    return mapped.parse_at(raw, f"{where}." if where else "", received_at, options)


def _known(alert: Alert, raw: object, where: str) -> Alert:
    """Source and subject tell two events of one type apart; the id only names the delivery."""
    event = Fields(raw, where, set(alert.flags))
    named = {"source": event.text("source"), "subject": event.text("subject")}
    return replace(
        alert,
        source="cloudevents",
        service=alert.service or named["source"],
        summary=alert.summary or named["subject"],
        labels={k: v for k, v in named.items() if v} | dict(alert.labels),
        flags=tuple(sorted(event.flags)),
        origin={"id": event.text("id")},
        identity=alert.identity or "\n".join([event.text("type"), named["source"], named["subject"]]),
    )
