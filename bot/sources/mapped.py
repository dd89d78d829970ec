"""Any JSON, by a mapping that vigie.toml declares: which field stands where, and what says that it is over.

A place is a JSON pointer ("/check/name") or a dotted path ("check.name"); "=text" is the text itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.alert import Alert, AlertStatus
from bot.errors import BadInput
from bot.sources.fields import Fields, is_blank, started, text_of, time_of
from bot.sources.options import PLAIN, Options
from bot.sources.parsed import Parsed, each

FIELDS = (
    "alerts",
    "name",
    "id",
    "status",
    "severity",
    "service",
    "environment",
    "summary",
    "description",
    "starts_at",
    "ends_at",
    "labels",
    "url",
)
_ABSENT: Any = object()


def parse(payload: object, received_at: datetime, options: Options = PLAIN) -> Parsed:
    """The alerts of one body.

    Raises:
        BadInput: names the field that is missing or of the wrong type, and where it was looked for; where
            nothing can be read.
    """
    return parse_at(payload, "", received_at, options)


def parse_at(payload: object, where: str, received_at: datetime, options: Options) -> Parsed:
    """The same of what stands at a place of a body; `where` goes before the names of its fields."""
    place = options.fields.get("alerts", "")
    if not place:
        return Parsed([_alert(payload, where, received_at, options)])
    listed = look(payload, place)
    if not isinstance(listed, list):
        raise BadInput(f"{where}alerts: expected a list at {place}.")

    def read(raw: object, inner: str) -> Parsed:
        return Parsed([_alert(raw, f"{inner}.", received_at, options)])

    return each(listed, f"{where}alerts", read)


def _alert(raw: object, where: str, received_at: datetime, options: Options) -> Alert:
    flags: set[str] = set()

    def text(field: str) -> str:
        place = options.fields.get(field, "")
        if not place:
            return ""
        found = look(raw, place)
        return "" if found is _ABSENT else text_of(found, f"{where}{field} (at {place})", flags)

    name = text("name")
    if is_blank(name):
        raise BadInput(f"{where}name: nothing stands at {options.fields.get('name', '')}, and it is needed.")
    over = options.is_over(text("status"))
    known, url = text("id"), text("url")
    labels = _labels(raw, where, flags, options) | ({"id": known} if known else {})
    return Alert(
        source="json",
        name=name,
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=options.graded(text("severity"), flags),
        service=text("service"),
        environment=text("environment"),
        starts_at=started(_time(raw, "starts_at", where, options), received_at, flags),
        ends_at=_time(raw, "ends_at", where, options),
        summary=text("summary"),
        description=text("description"),
        # Without an id or labels, the service and its place tell two alerts of one name apart.
        labels=labels or {k: v for k in ("service", "environment") if (v := text(k))},
        flags=tuple(sorted(flags)),
        origin={k: v for k, v in {"id": known, "url": url}.items() if v},
        identity=known,
    )


def _labels(raw: object, where: str, flags: set[str], options: Options) -> dict[str, str]:
    place = options.fields.get("labels", "")
    found = look(raw, place) if place else _ABSENT
    if found is _ABSENT or found is None:
        return {}
    return Fields({"labels": found}, where.rstrip("."), flags).scalars("labels")


def _time(raw: object, field: str, where: str, options: Options) -> datetime | None:
    place = options.fields.get(field, "")
    found = look(raw, place) if place else _ABSENT
    return None if found is _ABSENT else time_of(found, f"{where}{field} (at {place})")


def look(value: object, place: str) -> Any:  # noqa: ANN401  # JSON
    """What stands at a place; a value of its own where nothing does."""
    if place.startswith("="):
        return place[1:]
    for part in parts(place):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _ABSENT
    return value


def parts(place: str) -> list[str]:
    """The steps of a place."""
    if place.startswith("/"):
        return [part.replace("~1", "/").replace("~0", "~") for part in place[1:].split("/")]
    return place.split(".") if place else []
