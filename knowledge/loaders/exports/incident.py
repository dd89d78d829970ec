"""An incident as trackers tell it, and the document that it becomes. Who did something is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledge.model import Document

MAX_NOTES = 200


@dataclass(frozen=True, slots=True)
class Incident:
    """What is kept of one: `opened` and `closed` as the tracker wrote them, `notes` in their order."""

    key: str
    title: str
    description: str = ""
    resolution: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    service: str = ""
    cause: str = ""
    opened: str = ""
    closed: str = ""
    alerts: tuple[str, ...] = ()


def as_document(incident: Incident, prefix: str, path: Path) -> Document:
    """The document of one incident: what was seen, what was done, what was noted on the way."""
    parts = [f"# {incident.title}"]
    if incident.opened or incident.closed:
        parts.append(f"Opened {incident.opened or '(unknown)'}, over {incident.closed or '(unknown)'}.")
    for heading, text in (("What was seen", incident.description), ("What was done", incident.resolution)):
        if text.strip():
            parts.append(f"## {heading}\n\n{text.strip()}")
    notes = [
        f"- {at}: {one_line(text)}" if at else f"- {one_line(text)}"
        for at, text in incident.notes[:MAX_NOTES]
    ]
    if notes:
        parts.append("## Notes\n\n" + "\n".join(notes))
    return Document(
        id=f"{prefix}/{slug(incident.key)}",
        title=incident.title,
        kind="incident",
        text="\n\n".join(parts) + "\n",
        service=incident.service,
        cause=incident.cause,
        alerts=incident.alerts,
        source=f"{path.resolve()} {incident.key}",
    )


def slug(key: str) -> str:
    """A key as a part of an id."""
    return re.sub(r"[^\w.-]+", "-", key).strip("-")[:120] or "incident"


def one_line(text: str) -> str:
    return " ".join(text.split())


def day(moment: object) -> str:
    """The day of a time in any of the ways trackers write one; as it stands where it is none."""
    text = str(moment or "").strip()
    return text[:10] if re.match(r"\d{4}-\d\d-\d\d", text) else text[:40]


def labelled(labels: Iterable[str], *names: str) -> str:
    """The value of the first label that says one of these: `cause:stale-lock`, `service/orders`."""
    for label in labels:
        name, found, value = label.replace("::", ":").replace("/", ":", 1).partition(":")
        if found and name.strip().lower() in names:
            return value.strip()
    return ""
