"""`vigie ingest`: documents in, with a summary by outcome."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.commands.knowledge import open_knowledge
from bot.errors import BadInput


def run(
    config: Path, paths: Sequence[Path], *, dry_run: bool, rebuild: bool, delete_missing: bool, as_json: bool
) -> int:
    """Write documents; index them here unless a running `serve` will. Exit 1 when a file failed."""
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise BadInput(f"{missing[0]}: there is no such file or folder.")
    base = open_knowledge(config, may_own=not dry_run)
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


def _progress(done: int, total: int, name: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done}/{total} {name[:60]:<60}", end=end, file=sys.stderr, flush=True)
