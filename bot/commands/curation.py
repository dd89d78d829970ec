"""What people do for the knowledge base, at the command line: questions, what is stale, removals."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot import settings as settings_module
from bot.commands.ingest import shown
from bot.commands.store import existing
from bot.copilot.library import note_removal
from bot.copilot.stale import reasons_of
from bot.errors import BadInput
from bot.store.database import Store
from knowledge.base import KnowledgeBase


@contextmanager
def _store(config: Path) -> Iterator[Store | None]:
    """The store of this installation; None where `serve` has never run."""
    try:
        store = Store.ready(existing(settings_module.load(config, only=())))
    except BadInput:
        yield None
        return
    try:
        yield store
    finally:
        store.close()


def questions(config: Path, *, as_json: bool = False) -> int:
    """Print what found no answer, the most asked first; exit 1 when nothing waits."""
    with _store(config) as store:
        found = []
        if store is not None:
            with store.read() as tx:
                found = tx.gaps.open()
    if as_json:
        rows = [
            {
                "id": one.id,
                "question": one.text,
                "asked": one.asked,
                "first_at": one.first_at.isoformat(),
                "last_at": one.last_at.isoformat(),
                "last_by": one.last_by,
                "access": list(one.access),
            }
            for one in found
        ]
        print(json.dumps({"questions": rows}))
        return 0 if found else 1
    for one in found:
        limited = f", for {', '.join(one.access)} alone" if one.access else ""
        print(f"{one.asked:>3} x  {shown(one.text)}  (last {one.last_at:%Y-%m-%d} by {one.last_by}{limited})")
    if not found:
        print("No question waits for an answer.")
    return 0 if found else 1


def stale(config: Path, base: KnowledgeBase) -> dict[str, list[str]]:
    """By id of a document: why somebody should look at it."""
    rule = settings_module.load(config, only=()).file.upkeep.rule
    with _store(config) as store:
        if store is None:
            return reasons_of(base.upkeep.kept(), None, rule)
        with store.read() as tx:
            return reasons_of(base.upkeep.kept(), tx, rule)


def note_removals(config: Path, titles: Mapping[str, str], why: str) -> list[int]:
    """Who removes these documents and why, as rows and in the audit log, before they go."""
    name = re.sub(r"[^\w.-]", "", os.environ.get("USER", ""))[:40] or "somebody"
    by = f"{name} at the command line"
    with _store(config) as store:
        if store is None:
            return []
        with store.begin() as tx:
            noted = [note_removal(tx, id, title, by, why or "not said") for id, title in titles.items()]
        return [number for number in noted if number is not None]


def removed(config: Path, numbers: Sequence[int]) -> None:
    """They are gone."""
    with _store(config) as store:
        if store is not None:
            with store.begin() as tx:
                for number in numbers:
                    tx.library.forgotten(number)
