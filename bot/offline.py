"""The commands beside `serve`: they work on the same folder, and leave the index to its owner."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot import settings as settings_module
from bot.errors import BadInput
from bot.folder import is_owned

if TYPE_CHECKING:
    from knowledge.base import KnowledgeBase


def ingest(
    config: Path, paths: Sequence[Path], *, dry_run: bool, rebuild: bool, delete_missing: bool, as_json: bool
) -> int:
    """Write documents; index them here unless a running `serve` will. Exit 1 when a file failed."""
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise BadInput(f"{missing[0]}: there is no such file or folder.")
    base = _knowledge(config, may_own=not dry_run)
    try:
        report = base.ingest(
            paths,
            dry_run=dry_run,
            rebuild=rebuild,
            delete_missing=delete_missing,
            progress=None if as_json else _progress,
        )
        if not dry_run:
            while base.index_pending():
                continue
    finally:
        base.close()
    outcomes = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    if as_json:
        print(json.dumps({name: [dataclasses.asdict(o) for o in found] for name, found in outcomes.items()}))
    else:
        print(", ".join(f"{len(found)} {name}" for name, found in outcomes.items()))
        for outcome in (*report.quarantined, *report.failed):
            print(f"  {outcome.path}: {outcome.reason}", file=sys.stderr)
    return 1 if report.failed or report.quarantined else 0


def search(config: Path, query: str, k: int, *, as_json: bool) -> int:
    """Print the passages that answer; exit 1 when nothing fits."""
    from knowledge.model import Query

    base = _knowledge(config, may_own=True)
    try:
        found = base.search(Query(query), max(1, min(k, 50)))
    finally:
        base.close()
    if as_json:
        passages = [dataclasses.asdict(passage) for passage in found.passages]
        print(json.dumps({"fits": found.fits, "missing": found.missing, "passages": passages}))
    else:
        for missing in found.missing:
            print(f"note: {missing}", file=sys.stderr)
        if not found.fits:
            print("Nothing in the knowledge base fits.")
        for passage in found.passages if found.fits else ():
            print(f"{passage.score:.2f}  {passage.id}  {passage.title} › {' › '.join(passage.heading)}")
            print("      " + passage.text.strip().replace("\n", "\n      ")[:400])
    return 0 if found.fits else 1


def catalogue_check(config: Path, file: Path | None) -> int:
    """Validate a catalogue and print each tool with what it does and needs."""
    from bot.tools.catalogue import parse, read_files

    path = file or settings_module.load(config).catalogue
    catalogue = parse(read_files(path))
    for tool in sorted(catalogue.tools.values(), key=lambda tool: (tool.kind, tool.name)):
        print(f"{tool.kind.value} {tool.name}: {tool.title}")
        print(f"    {tool.does}")
        print(f"    runs by {tool.runner}: {json.dumps(tool.call, sort_keys=True)}")
        print(
            f"    may touch {', '.join(tool.services)} in {', '.join(tool.environments)}; owner {tool.owner}"
        )
        for argument in tool.arguments:
            print(f"    argument {argument.name}: {argument.type}")
        if tool.verification:
            undo = tool.undo.tool if tool.undo else f"none ({tool.no_undo})"
            print(f"    risk {tool.risk.value}; verified by {tool.verification.tool}; undo: {undo}")
    print(f"{len(catalogue.tools)} tools, no errors.")
    return 0


def audit_verify(config: Path) -> int:
    """Recompute the audit chain; exit 1 with the first broken event."""
    from bot.sign_off.audit import first_broken
    from bot.store.database import Store, open_engine

    settings = settings_module.load(config)
    if settings.store_url.startswith("sqlite") and not (settings.folder / "vigie.sqlite").exists():
        raise BadInput(f"{settings.folder} holds no store yet; start `vigie serve` once.")
    store = Store(open_engine(settings.store_url))
    with store.read() as tx:
        events = list(tx.audit.events())
    store.close()
    broken = first_broken(events)
    if broken is None:
        print(f"{len(events)} events, the chain holds.")
        return 0
    print(f"BROKEN at event {broken[0]}: {broken[1]}.", file=sys.stderr)
    return 1


def freeze(config: Path, reason: str) -> int:
    """Commit a freeze; a running executor reads it before its next action."""
    from bot.announcements import announce_text
    from bot.store.database import Store

    settings = settings_module.load(config)
    settings.folder.mkdir(parents=True, exist_ok=True)
    store = Store.open(settings.store_url)
    actor = f"{os.environ.get('USER', 'somebody')} at the command line"
    with store.begin() as tx:
        tx.n3.set_freeze(actor, reason)
        event = tx.audit.append(actor, "frozen", "freeze", {"reason": reason})
        announce_text(tx, f"freeze:{event.seq}", f":lock: *Execution is frozen* by {actor}. An N3 lifts it.")
    store.close()
    print("Frozen. Nothing new is executed until an N3 says `/vigie unfreeze` in Slack.")
    return 0


def _knowledge(config: Path, *, may_own: bool) -> KnowledgeBase:
    from knowledge.base import KnowledgeBase

    settings = settings_module.load(config)
    owner = may_own and not is_owned(settings.folder)
    vectors = settings.file.knowledge.vectors
    base = KnowledgeBase.open(settings.folder / "knowledge", owner=owner, vectors=vectors)
    if owner:
        base.warm()
    return base


def _progress(done: int, total: int, name: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done}/{total} {name[:60]:<60}", end=end, file=sys.stderr, flush=True)
