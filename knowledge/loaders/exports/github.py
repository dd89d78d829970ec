"""GitHub issues: the JSON of the REST API, and of `gh issue list --json ...`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from knowledge.loaders.exports.incident import Incident, day, labelled


def matches(record: Mapping[str, Any]) -> bool:
    """A number and a title, with a body; GitLab counts by iid."""
    return "number" in record and "title" in record and "iid" not in record


def read(record: Mapping[str, Any]) -> Incident | None:
    """The issue; None for one that is open, and for a pull request."""
    if "pull_request" in record or str(record.get("state", "")).lower() != "closed":
        return None
    labels = [
        str(one.get("name", "")) if isinstance(one, dict) else str(one) for one in record.get("labels") or []
    ]
    comments = record.get("comments")
    return Incident(
        key=str(record["number"]),
        title=str(record["title"]),
        description=str(record.get("body") or ""),
        notes=tuple(
            (day(one.get("created_at") or one.get("createdAt")), str(one.get("body", "")))
            for one in (comments if isinstance(comments, list) else [])
        ),
        service=labelled(labels, "service", "component", "area"),
        cause=labelled(labels, "cause", "root-cause"),
        opened=day(record.get("created_at") or record.get("createdAt")),
        closed=day(record.get("closed_at") or record.get("closedAt")),
    )
