"""Markdown files with their front matter."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from knowledge.errors import DocumentRefused
from knowledge.loaders import FORMATS
from knowledge.loaders.markdown import load
from knowledge.reading import Reader

WHOLE = """---
title: Stale lock
kind: incident
language: fr
service: checkout
owner: shop team
reviewed: 2026-03-01
alerts: [WorkerStuck, QueueGrowing]
cause: stale_lock
actions: [clear_lock]
---
# Ignored

Le verrou est resté.
"""


def _load(folder: Path, content: str) -> object:
    path = folder / "one.md"
    path.write_text(content, encoding="utf-8")
    return load(path, "one")[0]


def test_every_field_is_read(tmp_path: Path) -> None:
    """All known keys arrive typed, and line numbers stay those of the file."""
    path = tmp_path / "one.md"
    path.write_text(WHOLE, encoding="utf-8")
    document = load(path, "one")[0]
    assert (document.title, document.kind, document.language) == ("Stale lock", "incident", "fr")
    assert (document.service, document.owner, document.cause) == ("checkout", "shop team", "stale_lock")
    assert document.reviewed == date(2026, 3, 1)
    assert document.alerts == ("WorkerStuck", "QueueGrowing")
    assert document.actions == ("clear_lock",)
    assert document.text.split("\n")[13] == "Le verrou est resté."


@pytest.mark.parametrize(
    ("front", "field"),
    [
        ("titel: x", "titel"),
        ("title: 3", "title"),
        ("kind: howto", "kind"),
        ("language: xx", "language"),
        ("reviewed: yesterday", "reviewed"),
        ("reviewed: 2026-03-01 10:00:00", "reviewed"),
        ("alerts: WorkerStuck", "alerts"),
        ("alerts: [1, 2]", "alerts"),
        ("actions: {a: b}", "actions"),
        ("service: [a]", "service"),
        ("just words", "front matter"),
        ("a: [b", "front matter"),
        ("title: &a x\ncause: *a", "front matter"),
        ("[" * 5000, "front matter"),
        ("title: !!python/object/apply:os.getcwd []", "front matter"),
        ("title: " + "x" * 20_000, "front matter"),
    ],
)
def test_a_wrong_front_matter_names_its_field(tmp_path: Path, front: str, field: str) -> None:
    """The error names the field, and its message ends with what to do."""
    with pytest.raises(DocumentRefused) as caught:
        _load(tmp_path, f"---\n{front}\n---\ntext\n")
    assert caught.value.field == field
    assert str(caught.value).rstrip().endswith(".")


def test_a_front_matter_never_closed_is_refused(tmp_path: Path) -> None:
    """The whole text is not swallowed as front matter."""
    with pytest.raises(DocumentRefused, match="never closed"):
        _load(tmp_path, "---\ntitle: x\n")


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    """Title from a heading that titles the document, else from the file's name."""
    path = tmp_path / "disk-full.md"
    path.write_text("# Disk full #\n\ntext", encoding="utf-8")
    assert load(path, "disk-full")[0].title == "Disk full"
    path.write_text("### Disk Full\n\n## Meaning", encoding="utf-8")
    assert load(path, "disk-full")[0].title == "Disk Full"
    path.write_text("## Meaning\n\ntext", encoding="utf-8")
    assert load(path, "disk-full")[0].title == "disk-full"
    path.write_text("text", encoding="utf-8")
    assert load(path, "disk-full")[0].title == "disk-full"


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """Other encodings and huge files are named, not guessed."""
    path = tmp_path / "one.md"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(DocumentRefused, match="UTF-8"):
        load(path, "one")
    path.write_bytes(b"a\0b")
    with pytest.raises(DocumentRefused, match="holds bytes that no text has"):
        load(path, "one")
    path.write_bytes(b"a" * (FORMATS[".md"].most + 1))
    with Reader() as reader, pytest.raises(DocumentRefused, match="Split it"):
        reader.read(path, "one")
