"""ServiceNow: incident records of the table API, of a list's JSON export, and of its CSV export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from knowledge.loaders.exports.incident import Incident, day

# A list may be exported with the names of its columns or with their labels.
_LABELS = {
    "number": "Number",
    "short_description": "Short description",
    "description": "Description",
    "close_notes": "Resolution notes",
    "close_code": "Resolution code",
    "cmdb_ci": "Configuration item",
    "business_service": "Service",
    "opened_at": "Opened",
    "closed_at": "Closed",
    "resolved_at": "Resolved",
    "state": "State",
    "work_notes": "Work notes",
    "cause": "Probable cause",
}
_OVER = ("6", "7", "resolved", "closed")
_NOTE = re.compile(r"^(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d - [^\n]*\n", re.MULTILINE)


def matches(record: Mapping[str, Any]) -> bool:
    """A number and a short description, under their names or their labels."""
    return all(name in record or _LABELS[name] in record for name in ("number", "short_description"))


def read(record: Mapping[str, Any]) -> Incident | None:
    """The incident; None unless it is resolved or closed."""

    def said(name: str) -> str:
        value = record.get(name, record.get(_LABELS[name], ""))
        if isinstance(value, dict):
            value = value.get("display_value") or value.get("value") or ""
        return str(value or "")

    closed = said("closed_at") or said("resolved_at")
    if said("state").strip().lower() not in _OVER and not (not said("state") and closed):
        return None
    resolution = [part for part in (said("close_code"), said("close_notes")) if part.strip()]
    return Incident(
        key=said("number"),
        title=said("short_description") or said("number"),
        description=said("description"),
        resolution="\n\n".join(resolution),
        notes=tuple(_notes(said("work_notes"))),
        service=said("business_service") or said("cmdb_ci"),
        cause=said("cause"),
        opened=day(said("opened_at")),
        closed=day(closed),
    )


def _notes(journal: str) -> Iterator[tuple[str, str]]:
    """A journal holds its notes one after the other, newest first, each under a line with time and person."""
    marks = list(_NOTE.finditer(journal))
    if not marks:
        yield from [("", journal)] if journal.strip() else []
        return
    ends = [mark.start() for mark in marks[1:]] + [len(journal)]
    for mark, end in reversed(list(zip(marks, ends, strict=True))):
        yield mark[1], journal[mark.end() : end]
