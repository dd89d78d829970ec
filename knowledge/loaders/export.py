"""Reads what incident trackers export, as JSON, JSON lines or CSV: one document an incident that is over."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from knowledge.errors import DocumentRefused
from knowledge.loaders.exports import EXPORTS, Export
from knowledge.loaders.exports.incident import Incident, as_document
from knowledge.loaders.text_file import read_text
from knowledge.model import Document

MAX_RECORDS = 50_000
_MAX_FIELD = 4 * 1024 * 1024
_LISTS = ("incidents", "issues", "records", "result", "results", "documents", "items")

Record = Mapping[str, Any]


def load(path: Path, document_id: str) -> list[Document]:
    """One document for each incident that is over; open ones have taught nothing yet and are left out.

    Raises DocumentRefused for what is no export that is known, naming those that are.
    """
    records = _records(path)
    if len(records) > MAX_RECORDS:
        raise DocumentRefused("file", f"more than {MAX_RECORDS} records", "Export fewer at a time.")
    export = _export_of(records)
    found: list[Document] = []
    for number, record in enumerate(records, start=1):
        try:
            made = export.read(record)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise DocumentRefused(
                f"record {number}",
                f"has not the shape of a {export.name} export ({error})",
                "Export it again.",
            ) from error
        if isinstance(made, Incident):
            found.append(as_document(made, document_id, path))
        elif isinstance(made, Document):
            found.append(made)
    return found


def _export_of(records: list[Record]) -> Export:
    for export in EXPORTS:
        if records and export.matches(records[0]):
            return export
    known = ", ".join(export.name for export in EXPORTS)
    raise DocumentRefused("file", "is no export that is known", f"Known are those of: {known}.")


def _records(path: Path) -> list[Record]:
    text = read_text(path)
    try:
        found = list(_rows(text) if path.suffix.lower() == ".csv" else _objects(text, path.suffix.lower()))
    except (ValueError, RecursionError, csv.Error) as error:
        raise DocumentRefused("file", f"cannot be read ({error})", "Export it again.") from error
    if any(not isinstance(record, dict) for record in found):
        raise DocumentRefused("file", "holds something else than records", "Export it again.")
    return found


def _objects(text: str, ending: str) -> Iterator[Record]:
    if ending == ".jsonl":
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
        return
    whole = json.loads(text)
    if isinstance(whole, dict):
        lists = [whole[name] for name in _LISTS if isinstance(whole.get(name), list)]
        whole = lists[0] if lists else [whole]
    if not isinstance(whole, list):
        raise ValueError("expected a list of records")
    yield from whole


def _rows(text: str) -> Iterator[Record]:
    """Rows as mappings; columns of one name, as Jira writes its comments, become a list."""
    csv.field_size_limit(_MAX_FIELD)
    first = text.partition("\n")[0]
    reader = csv.reader(
        text.splitlines(keepends=True), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    names = [name.strip() for name in next(reader, [])]
    several = {name for name in names if names.count(name) > 1}
    for row in reader:
        made: dict[str, Any] = {name: [] for name in several}
        for name, value in zip(names, row, strict=False):
            if name in several:
                made[name].extend([value] if value.strip() else [])
            else:
                made[name] = value
        if any(made.values()):
            yield made
