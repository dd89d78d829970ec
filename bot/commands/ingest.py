"""`vigie ingest`: documents in, with progress and a summary by outcome."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.commands.knowledge import open_knowledge
from bot.errors import BadInput
from knowledge.base import KnowledgeBase
from knowledge.ingest import Progress
from knowledge.model import Outcome

_STDIN = Path("-")
# So many of each outcome are told by name where a person reads; --json has all.
_MOST_TOLD = 20


def run(
    config: Path, paths: Sequence[Path], *, dry_run: bool, rebuild: bool, delete_missing: bool, as_json: bool
) -> int:
    """Write documents; index them here unless a running `serve` will. Exit 1 when a file was not taken."""
    given = _given(paths)
    missing = [path for path in given if not path.exists()]
    if missing:
        raise BadInput(f"{shown(missing[0])}: there is no such file or folder.")
    with _opened(config, dry_run) as base:
        try:
            with _bar("reading", not as_json) as progress:
                report = base.ingest(
                    given, dry_run=dry_run, rebuild=rebuild, delete_missing=delete_missing, progress=progress
                )
            if not dry_run:
                _index(base, not as_json)
        except KeyboardInterrupt:
            print("Interrupted; what was read is kept. Run it again to go on.", file=sys.stderr)
            return 130
    outcomes = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    if as_json:
        print(json.dumps({name: [dataclasses.asdict(o) for o in found] for name, found in outcomes.items()}))
    else:
        _tell(outcomes, dry_run)
    return 1 if report.failed or report.quarantined else 0


def _given(paths: Sequence[Path]) -> list[Path]:
    """The paths; `-` stands for those on standard input, one a line or ended by a zero byte."""
    found: list[Path] = []
    for path in paths:
        if path != _STDIN:
            found.append(path)
            continue
        text = sys.stdin.read()
        found += [Path(one) for one in text.split("\0" if "\0" in text else "\n") if one.strip()]
    if not found:
        raise BadInput("PATH: standard input named none.")
    return found


@contextmanager
def _opened(config: Path, dry_run: bool) -> Iterator[KnowledgeBase]:
    base = open_knowledge(config, may_own=not dry_run)
    try:
        yield base
    finally:
        base.close()


@contextmanager
def _bar(what: str, wanted: bool) -> Iterator[Progress | None]:
    """A bar with counts and time left on a terminal, nothing elsewhere."""
    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(
        *columns, TextColumn("{task.fields[name]}", markup=False), console=Console(stderr=True)
    ) as bars:
        task = bars.add_task(what, total=None, name="")

        def progress(done: int, total: int, name: str) -> None:
            bars.update(task, completed=done, total=total, name=shown(name)[-50:])

        yield progress


def _index(base: KnowledgeBase, wanted: bool) -> None:
    """Embed what waits, where this process may."""
    waiting = base.health()["waiting"]
    done = 0
    with _bar("embedding", wanted and bool(waiting)) as progress:
        while count := base.index_pending():
            done += count
            if progress is not None:
                progress(done, max(done, int(str(waiting))), "passages")


def _tell(outcomes: Mapping[str, Sequence[Outcome]], dry_run: bool) -> None:
    counts = ", ".join(f"{len(found)} {name}" for name, found in outcomes.items())
    print(f"would be: {counts}" if dry_run else counts)
    for name in ("quarantined", "failed"):
        for outcome in outcomes[name][:_MOST_TOLD]:
            print(f"  {name}: {shown(outcome.path)}: {outcome.reason}", file=sys.stderr)
        if len(outcomes[name]) > _MOST_TOLD:
            more = len(outcomes[name]) - _MOST_TOLD
            print(f"  {name}: and {more} more; --json names them all", file=sys.stderr)
    if outcomes["quarantined"] and not dry_run:
        print("  See them with `vigie documents list --quarantined`.", file=sys.stderr)


def shown(name: object) -> str:
    """A file's name on one line, whatever characters are in it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(name))
