"""`vigie documents`: what the knowledge base holds, one document whole, and what to do about it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.commands import curation
from bot.commands.ingest import shown
from bot.commands.knowledge import open_knowledge
from bot.errors import BadInput
from knowledge.base import KnowledgeBase
from knowledge.errors import DocumentQuarantined, DocumentRefused
from knowledge.loaders.exports import vigie
from knowledge.model import Document


@contextmanager
def _opened(config: Path) -> Iterator[KnowledgeBase]:
    base = open_knowledge(config, may_own=False)
    try:
        yield base
    finally:
        base.close()


def list_them(
    config: Path,
    *,
    words: str = "",
    kind: str = "",
    quarantined: bool = False,
    stale: bool = False,
    as_json: bool = False,
) -> int:
    """Print what there is; exit 1 when nothing is."""
    with _opened(config) as base:
        aside = base.quarantined()
        found = [] if quarantined else [one for one in base.documents() if _is_meant(one, words, kind)]
        why = curation.stale(config, base) if stale else {}
    if stale:
        aside, found = {}, [one for one in found if one.id in why]
    if as_json:
        held = [_about(document) | ({"stale": why[document.id]} if stale else {}) for document in found]
        print(
            json.dumps(
                {"documents": held, "quarantined": [dataclasses.asdict(one) for one in aside.values()]}
            )
        )
        return 0 if found or aside else 1
    for document in found:
        about = [document.kind, document.service, document.reviewed and f"reviewed {document.reviewed}"]
        print(
            f"{shown(document.id)}  {shown(document.title)}  ({', '.join(str(one) for one in about if one)})"
        )
        for reason in why.get(document.id, ()):
            print(f"    {reason}")
    for id, one in aside.items():
        print(f"{shown(id)}  IN QUARANTINE: {one.reason} ({shown(one.source)})")
    if not found and not aside:
        print("Nothing is stale." if stale else "Nothing. `vigie ingest PATH` adds documents.")
    return 0 if found or aside else 1


def show(config: Path, id: str, *, as_json: bool = False) -> int:
    """Print one document with its lines numbered as citations count them."""
    with _opened(config) as base:
        document = base.document(id)
    if document is None:
        raise BadInput(f"ID: there is no document {shown(id)}; see `vigie documents list`.")
    if as_json:
        print(json.dumps(vigie.write(document)))
        return 0
    for name, value in _about(document).items():
        if value:
            print(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
    print()
    for number, line in enumerate(document.text.split("\n"), start=1):
        print(f"{number:>5}  {line}")
    return 0


def remove(
    config: Path, ids: list[str], *, why: str = "", dry_run: bool = False, as_json: bool = False
) -> int:
    """Remove documents, with every passage that was ever cut of them; exit 1 when one was not there."""
    with _opened(config) as base:
        titles = {kept.id: kept.title for kept in base.upkeep.kept()}
        held = titles.keys() | base.quarantined().keys()
        gone = [id for id in dict.fromkeys(ids) if id in held]
        if not dry_run:
            noted = curation.note_removals(config, {id: titles.get(id, id) for id in gone}, why)
            for id in gone:
                base.remove(id)
            curation.removed(config, noted)
    absent = [id for id in ids if id not in held]
    if as_json:
        print(json.dumps({"removed": gone, "absent": absent, "dry_run": dry_run}))
    else:
        for id in gone:
            print(f"{'would remove' if dry_run else 'removed'} {shown(id)}")
        for id in absent:
            print(f"{shown(id)}: there is no such document; see `vigie documents list`")
    return 1 if absent else 0


def release(config: Path, id: str, *, as_json: bool = False) -> int:
    """Let one out of quarantine, its private keys taken out."""
    try:
        with _opened(config) as base:
            result = base.release(id)
    except (DocumentRefused, DocumentQuarantined) as error:
        raise BadInput(str(error)) from None
    print(json.dumps({"id": id, "result": result}) if as_json else f"{result} {shown(id)}")
    return 0


def export(config: Path, file: Path) -> int:
    """Write all documents, one a line, as `vigie ingest` reads them again."""
    if file.exists():
        raise BadInput(f"FILE: {file} exists; nothing is overwritten.")
    with _opened(config) as base, file.open("x", encoding="utf-8") as lines:
        documents = base.documents()
        for document in documents:
            lines.write(json.dumps(vigie.write(document)) + "\n")
    print(f"{len(documents)} documents in {file}")
    return 0


def _is_meant(document: Document, words: str, kind: str) -> bool:
    said = f"{document.id} {document.title} {document.service}".lower()
    return (not kind or document.kind == kind) and all(word in said for word in words.lower().split())


def _about(document: Document) -> dict[str, Any]:
    """Everything but the text."""
    return {name: value for name, value in vigie.write(document).items() if name not in ("vigie", "text")} | {
        "version": document.version
    }
