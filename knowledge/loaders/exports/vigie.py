"""Vigie's own: what `vigie documents export` writes, one document a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from knowledge.model import Document

_TEXTS = ("id", "title", "kind", "text", "language", "service", "owner", "cause", "origin", "source")
_LISTS = ("alerts", "actions", "access")


def matches(record: Mapping[str, Any]) -> bool:
    """Each line says what it is."""
    return record.get("vigie") == "document"


def write(document: Document) -> dict[str, Any]:
    """One document as JSON values; `read` gives it back."""
    made: dict[str, Any] = {"vigie": "document"}
    made |= {name: getattr(document, name) for name in _TEXTS}
    made |= {name: list(getattr(document, name)) for name in _LISTS}
    made |= {"replaced_by": document.replaced_by} if document.replaced_by else {}
    made |= {"expires": document.expires.isoformat()} if document.expires else {}
    return made | {"reviewed": document.reviewed.isoformat() if document.reviewed else None}


def read(record: Mapping[str, Any]) -> Document:
    """The document. Raises ValueError or TypeError for values of another kind."""
    values: dict[str, Any] = {}
    for name in _TEXTS:
        values[name] = record[name]
        if not isinstance(values[name], str):
            raise TypeError(f"{name} is no text")
    for name in _LISTS:
        values[name] = tuple(record.get(name, ()))
        if any(not isinstance(one, str) for one in values[name]):
            raise TypeError(f"{name} holds something else than texts")
    values["replaced_by"] = record.get("replaced_by", "")
    if not isinstance(values["replaced_by"], str):
        raise TypeError("replaced_by is no text")
    expires = record.get("expires")
    values["expires"] = date.fromisoformat(expires) if expires else None
    reviewed = record.get("reviewed")
    return Document(**values, reviewed=date.fromisoformat(reviewed) if reviewed else None)
