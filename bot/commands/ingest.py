"""`vigie ingest`: documents in, with progress and a summary by outcome."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import has_magic
from pathlib import Path

from bot.commands.knowledge import open_knowledge
from bot.errors import BadInput
from knowledge.base import KnowledgeBase
from knowledge.errors import EmbedderUnavailable, IndexUnavailable
from knowledge.ingest import Progress
from knowledge.model import Outcome

_STDIN = Path("-")
# So many of each outcome are told by name where a person reads; --json has all.
_MOST_TOLD = 20
# Passages a step: a few at first, so that a bar appears soon.
_FIRST, _ROUND = 16, 64


def run(
    config: Path, paths: Sequence[Path], *, dry_run: bool, rebuild: bool, delete_missing: bool, as_json: bool
) -> int:
    """Write documents; index them here unless a running `serve` will. Exit 1 when a file was not taken."""
    given = _given(paths)
    missing = [path for path in given if not path.exists() and not has_magic(str(path))]
    if missing:
        raise BadInput(f"{shown(missing[0])}: there is no such file or folder.")
    waits: dict[str, object] = {}
    with _opened(config, dry_run) as base:
        try:
            with _bar("reading", not as_json) as progress:
                report = base.ingest(
                    given,
                    dry_run=dry_run,
                    rebuild=rebuild,
                    delete_missing=delete_missing,
                    progress=progress,
                    index=False,
                )
            if not dry_run:
                waits = _index(base, not as_json)
        except KeyboardInterrupt:
            print("Interrupted; what was read is kept. Run it again to go on.", file=sys.stderr)
            return 130
    outcomes = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    if as_json:
        told = {name: [dataclasses.asdict(o) for o in found] for name, found in outcomes.items()}
        print(json.dumps(told | {"index": waits}))
    else:
        _tell(outcomes, dry_run)
        _tell_waiting(waits)
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


def _index(base: KnowledgeBase, wanted: bool) -> dict[str, object]:
    """Embed what waits, where this process may; what was done, what waits, and who does it or why not."""
    # The first call finds out whether there is anything, for example a new index after --rebuild.
    done, total, problem = 0, 0, ""
    try:
        while count := base.index_pending(_FIRST if not done else _ROUND):
            done += count
            if total == 0 and (waiting := base.health()["waiting"]):
                total = done + int(str(waiting))
                break
        with _bar("embedding", wanted and bool(total)) as progress:
            while total and (count := base.index_pending(_ROUND)):
                done += count
                if progress is not None:
                    progress(done, max(done, total), "passages")
    except (EmbedderUnavailable, IndexUnavailable) as error:
        problem = str(error)
    state = base.health()
    if state["waiting"] is None and state["owner"]:
        problem = str(state["vectors"])
    return {"embedded": done, "waiting": state["waiting"], "served": not state["owner"], "problem": problem}


def _tell_waiting(waits: Mapping[str, object]) -> None:
    """Say what has no vectors yet, and who will see to it."""
    if waits.get("embedded"):
        print(f"{waits['embedded']} passages were embedded")
    if waits.get("problem"):
        print(f"note: {waits['problem']}", file=sys.stderr)
    if waits.get("served"):
        print("note: the running `serve` embeds what is new; /health counts what waits", file=sys.stderr)
    elif waits.get("waiting"):
        print(f"note: {waits['waiting']} passages wait for their vectors; run it again", file=sys.stderr)


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
