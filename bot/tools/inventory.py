"""Inventory files: rows by kind and id, from YAML, or from CSV, whose kind is the name of its file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from bot.errors import CatalogueError
from bot.mistakes.mistake import Lines, Mistake, Place
from bot.tools.cross_check import Finding
from bot.tools.strict_yaml import lines_of, load_strict

LISTS = ("services", "environments")
"""Columns of a CSV that hold several names, with blanks or semicolons between them."""


def read_rows(text: str, name: str, shown: str) -> dict[str, Any]:
    """The rows of one file, by kind and id.

    Raises:
        CatalogueError: names file, line and remedy.
    """
    if not name.endswith(".csv"):
        return load_strict(text, shown)
    return {PurePosixPath(name).stem: {id_: row for _, id_, row in _csv(text, shown)}}


def row_lines(text: str, name: str) -> Lines:
    """Where each row stands."""
    if not name.endswith(".csv"):
        return lines_of(text)
    kind = PurePosixPath(name).stem
    found: dict[Place, int] = {(kind,): 1}
    for line, id_, row in _csv(text, name):
        found[(kind, id_)] = line
        found |= {(kind, id_, field): line for field in row}
    return found


def _csv(text: str, shown: str) -> Iterator[tuple[int, str, Mapping[str, object]]]:
    """Line, id and fields of every row; an empty cell is no field."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    seen: dict[str, int] = {}
    head: list[str] = []
    try:
        for cells in reader:
            line = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if not head:
                head = _head([cell.strip() for cell in cells], shown, line)
                continue
            if len(cells) != len(head):
                what = f"{len(cells)} cells, and the first line names {len(head)}"
                raise _refused(shown, line, what, "Write one cell for each column.")
            row = dict(zip(head, (cell.strip() for cell in cells), strict=True))
            id_ = row.pop("id")
            if not id_ or id_ in seen:
                what = f"the id {id_!r} stands in line {seen[id_]} already" if id_ else "the id is empty"
                raise _refused(shown, line, what, "Give each row an id of its own.")
            seen[id_] = line
            yield line, id_, {field: _value(field, cell) for field, cell in row.items() if cell}
    except csv.Error as error:
        raise _refused(shown, reader.line_num, f"not CSV: {error}", "Quote cells that hold quotes.") from None
    if not head:
        raise _refused(shown, 1, "no line names the columns", "Begin with a line such as id,services,url.")


def _head(cells: list[str], shown: str, line: int) -> list[str]:
    if "id" not in cells or len(set(cells)) != len(cells) or not all(cells):
        what = "the first line must name each column once, one of them `id`"
        raise _refused(shown, line, what, "Begin with a line such as id,services,url.")
    return cells


def _value(field: str, cell: str) -> object:
    return cell.replace(";", " ").split() if field in LISTS else cell


def _refused(shown: str, line: int, what: str, remedy: str) -> CatalogueError:
    return CatalogueError(str(Mistake(shown, line, what, remedy)))


def merge_rows(texts: Mapping[str, str], shown: Callable[[str], str]) -> tuple[dict[str, Any], list[Finding]]:
    """The rows of all files, by kind and id; an id stands once in all files of its kind."""
    rows: dict[str, Any] = {}
    found: list[Finding] = []
    for name, text in texts.items():
        for kind, more in read_rows(text, name, shown(name)).items():
            known = rows.get(kind)
            if not isinstance(known, dict) or not isinstance(more, Mapping):
                rows[kind] = dict(more) if isinstance(more, Mapping) else more
                continue
            for id_, row in more.items():
                if id_ in known:
                    other = next(o for o, t in texts.items() if (kind, str(id_)) in row_lines(t, o))
                    line = row_lines(texts[other], other)[(kind, str(id_))]
                    what = f"this row stands in {shown(other)} line {line} already"
                    remedy = "Give one of the two another id."
                    found.append(Finding((kind, str(id_)), what, remedy, in_inventory=True, file=name))
                else:
                    known[id_] = row
    return rows, found
