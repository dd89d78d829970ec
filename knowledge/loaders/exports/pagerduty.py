"""PagerDuty: the JSON of `GET /incidents` (developer.pagerduty.com) and the CSV of the incidents report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.loaders.exports.incident import Incident, day


def matches(record: Mapping[str, Any]) -> bool:
    """An incident has a number; its service is an object in JSON, a column of its own in CSV."""
    return "incident_number" in record and ("service" in record or "service_name" in record)


def read(record: Mapping[str, Any]) -> Incident | None:
    """The incident; None while it is triggered or acknowledged."""
    closed = record.get("resolved_at") or record.get("resolved_on")
    status = str(record.get("status") or ("resolved" if closed else "triggered"))
    if status != "resolved":
        return None
    service = record.get("service")
    return Incident(
        key=str(record.get("id") or record["incident_number"]),
        title=str(
            record.get("title") or record.get("description") or f"Incident {record['incident_number']}"
        ),
        description=_details(record),
        resolution=_resolution(record),
        notes=tuple(
            (day(note.get("created_at")), str(note.get("content", ""))) for note in record.get("notes") or []
        ),
        service=str(service.get("summary", ""))
        if isinstance(service, dict)
        else str(record.get("service_name", "")),
        opened=day(record.get("created_at") or record.get("created_on")),
        closed=day(closed or record.get("last_status_change_at")),
    )


def _details(record: Mapping[str, Any]) -> str:
    body = record.get("body")
    details = body.get("details") if isinstance(body, dict) else None
    if isinstance(details, dict):
        return "\n".join(f"- {name}: {value}" for name, value in details.items())
    return str(details or record.get("summary") or "")


def _resolution(record: Mapping[str, Any]) -> str:
    reason = record.get("resolve_reason")
    return (
        str(reason.get("summary", reason.get("type", ""))) if isinstance(reason, dict) else str(reason or "")
    )
