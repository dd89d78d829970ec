"""Jira and Jira Service Management: the JSON of the search API and the CSV of "Export all fields"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from knowledge.loaders.exports.incident import Incident, day, labelled

_BLOCKS = ("paragraph", "heading", "listItem", "codeBlock", "tableRow", "blockquote", "panel")


def matches(record: Mapping[str, Any]) -> bool:
    """JSON: a key and fields. CSV: the two columns that every export has."""
    return ("key" in record and "fields" in record) or ("Issue key" in record and "Summary" in record)


def read(record: Mapping[str, Any]) -> Incident | None:
    """The issue; None while it has no resolution."""
    return _of_json(record) if "fields" in record else _of_csv(record)


def _of_json(record: Mapping[str, Any]) -> Incident | None:
    fields = record["fields"]
    if not fields.get("resolution") and not fields.get("resolutiondate"):
        return None
    comments = (fields.get("comment") or {}).get("comments") or []
    labels = [str(label) for label in fields.get("labels") or []]
    return Incident(
        key=str(record["key"]),
        title=str(fields["summary"]),
        description=text_of(fields.get("description")),
        resolution=str((fields.get("resolution") or {}).get("name", "")),
        notes=tuple((day(one.get("created")), text_of(one.get("body"))) for one in comments),
        service=labelled(labels, "service") or _first(fields.get("components")),
        cause=labelled(labels, "cause", "root-cause"),
        opened=day(fields.get("created")),
        closed=day(fields.get("resolutiondate")),
    )


def _of_csv(record: Mapping[str, Any]) -> Incident | None:
    if not record.get("Resolution") and not record.get("Resolved"):
        return None
    labels = _several(record.get("Labels"))
    return Incident(
        key=str(record["Issue key"]),
        title=str(record["Summary"]),
        description=str(record.get("Description") or ""),
        resolution=str(record.get("Resolution") or ""),
        notes=tuple(_comment(one) for one in _several(record.get("Comment"))),
        service=labelled(labels, "service")
        or (_several(record.get("Component/s") or record.get("Components")) or [""])[0],
        cause=labelled(labels, "cause", "root-cause") or str(record.get("Custom field (Root cause)") or ""),
        opened=day(record.get("Created")),
        closed=day(record.get("Resolved")),
    )


def _comment(cell: str) -> tuple[str, str]:
    """A cell is "date;who;text"."""
    at, first, rest = cell.partition(";")
    _, second, text = rest.partition(";")
    return (day(at), text) if first and second else ("", cell)


def _several(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return [str(value)] if value else []


def _first(components: Sequence[Mapping[str, Any]] | None) -> str:
    return str(components[0].get("name", "")) if components else ""


def text_of(body: object) -> str:
    """Plain text, or Atlassian's document format as lines of text."""
    if not isinstance(body, dict):
        return str(body or "")
    if body.get("type") == "text":
        return str(body.get("text", ""))
    if body.get("type") == "hardBreak":
        return "\n"
    inside = "".join(text_of(part) for part in body.get("content") or [])
    if body.get("type") == "listItem":
        return f"- {inside.strip()}\n"
    return f"{inside}\n" if body.get("type") in _BLOCKS else inside
