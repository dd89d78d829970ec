"""GitLab issues: the JSON of the REST API; notes where they were exported with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.loaders.exports.incident import Incident, day, labelled


def matches(record: Mapping[str, Any]) -> bool:
    """Issues are counted by project in `iid`."""
    return "iid" in record and "title" in record


def read(record: Mapping[str, Any]) -> Incident | None:
    """The issue; None while it is open. What the system noted by itself is left out."""
    if record.get("state") != "closed":
        return None
    labels = [str(label) for label in record.get("labels") or []]
    notes = [note for note in record.get("notes") or [] if isinstance(note, dict) and not note.get("system")]
    return Incident(
        key=str(record["iid"]),
        title=str(record["title"]),
        description=str(record.get("description") or ""),
        notes=tuple((day(note.get("created_at")), str(note.get("body", ""))) for note in notes),
        service=labelled(labels, "service", "component"),
        cause=labelled(labels, "cause", "root-cause"),
        opened=day(record.get("created_at")),
        closed=day(record.get("closed_at")),
    )
