"""`vigie audit verify | export | tail`: recomputes the chain against every head, and shows the log."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from bot import settings as settings_module
from bot.commands.store import existing
from bot.domain.records import AuditEvent
from bot.errors import BadInput
from bot.settings import Settings
from bot.sign_off.audit import first_broken
from bot.sign_off.digest import canonical
from bot.sign_off.heads import Chain, Head, Verdict, gaps, judge, parse
from bot.sign_off.rendering import ascii_text
from bot.store.database import Store
from bot.witness_folder import WitnessFolder

_COLUMNS = ("seq", "at", "actor", "action", "subject", "detail", "previous", "hash")
_SPAN = re.compile(r"([1-9]\d{0,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would carry out
_FOLLOW_S = 1.0


def verify(config: Path, files: Sequence[Path] = (), *, as_json: bool = False) -> int:
    """Recompute the chain and compare it with every head; exit 1 and the first thing that is wrong."""
    settings = settings_module.load(config, only=())
    folder = WitnessFolder(settings.witness_folder)
    lines = folder.lines()
    heads = parse("\n".join(lines), "heads.jsonl") + [head for file in files for head in _given(file)]
    with _opened(settings) as store, store.read() as tx:
        broken = first_broken(tx.audit.events())
        chain = Chain.of(tx.audit.events())
    verdict = judge(chain, heads, folder.public())
    wrong = [f"BROKEN at event {broken[0]}: {broken[1]}."] if broken else []
    wrong += [f"HEAD: {problem}." for problem in verdict.wrong]
    wrong += [f"HEADS FILE: {problem}." for problem in gaps(lines)]
    if as_json:
        print(json.dumps(_as_object(chain, heads, verdict, wrong)))
    else:
        _print(chain, heads, verdict, wrong)
    return 1 if wrong else 0


def export(config: Path, file: Path, since: str = "", *, as_csv: bool = False) -> int:
    """Write the log into a new file, one event a line; its newest signed head is the last line of JSON."""
    settings = settings_module.load(config, only=())
    newest, _ = WitnessFolder(settings.witness_folder).newest()
    with _opened(settings) as store, store.read() as tx, _new_file(file) as out:
        start = _since(since, tx.now) if since else None
        events = (event for event in tx.audit.events() if start is None or event.at >= start)
        count = (_write_csv if as_csv else _write_json)(out, events)
        if newest is not None and not as_csv:
            out.write(canonical({"head": json.loads(newest.line())}) + "\n")
    if str(file) != "-":
        print(f"{count} events in {file}.")
    return 0


def tail(config: Path, count: int, *, follow: bool = False) -> int:
    """Print the newest events, and go on with those to come until interrupted."""
    settings = settings_module.load(config, only=())
    with _opened(settings) as store:
        with store.read() as tx:
            seen = max(0, tx.audit.newest() - count)
        while True:
            with store.read() as tx:
                for event in tx.audit.events(after=seen):
                    print(shown(event), flush=True)
                    seen = event.seq
            if not follow:
                return 0
            time.sleep(_FOLLOW_S)


def shown(event: AuditEvent) -> str:
    """One event as one line; nothing in it can steer a terminal."""
    detail = f"  {canonical(event.detail)}" if event.detail else ""
    who, what = ascii_text(event.actor), ascii_text(f"{event.action}: {event.subject}")
    return f"{event.seq:>6}  {event.at:%Y-%m-%d %H:%M:%S}  {who}  {what}{detail}"


def _print(chain: Chain, heads: Sequence[Head], verdict: Verdict, wrong: Sequence[str]) -> None:
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return
    print(f"{len(chain.hashes)} events, the chain holds.")
    if not heads:
        print("No head was found, so a cut-off end would not show. `vigie serve` signs heads; see [audit].")
        return
    newest = max(heads, key=lambda head: (head.epoch, head.seq))
    print(f"{verdict.fitting} of {len(heads)} heads fit; the newest saw event {newest.seq} at {newest.at}.")
    for key in sorted({head.key for head in heads if head.key}):
        print(f"Signed by {key}: compare it with what was posted for N3.")
    for loss in verdict.lost:
        print(f"Lost: {loss}.")


def _as_object(
    chain: Chain, heads: Sequence[Head], verdict: Verdict, wrong: Sequence[str]
) -> dict[str, object]:
    return {
        "holds": not wrong,
        "events": len(chain.hashes),
        "epoch": chain.epoch,
        "heads": len(heads),
        "fitting": verdict.fitting,
        "keys": sorted({head.key for head in heads if head.key}),
        "lost": list(verdict.lost),
        "wrong": list(wrong),
    }


def _given(file: Path) -> list[Head]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}.") from None
    heads = parse(text, str(file))
    if not heads:
        raise BadInput(
            f"{file} holds no head. Give a file of heads, an export, or the line `vigie-head …` from Slack."
        )
    return heads


@contextmanager
def _opened(settings: Settings) -> Iterator[Store]:
    store = Store(existing(settings))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def _new_file(file: Path) -> Iterator[IO[str]]:
    if str(file) == "-":
        yield sys.stdout
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput(f"{file} is there already, and an export overwrites nothing.") from None
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "w", newline="") as out:
        yield out


def _write_json(out: IO[str], events: Iterator[AuditEvent]) -> int:
    count = 0
    for event in events:
        out.write(canonical(_row(event)) + "\n")
        count += 1
    return count


def _write_csv(out: IO[str], events: Iterator[AuditEvent]) -> int:
    count, writer = 0, csv.writer(out)
    writer.writerow(_COLUMNS)
    inert: Callable[[str], str] = lambda text: f"'{text}" if text.startswith(_FORMULA) else text  # noqa: E731
    for event in events:
        row = _row(event) | {"detail": canonical(event.detail)}
        writer.writerow([inert(str(row[name])) for name in _COLUMNS])
        count += 1
    return count


def _row(event: AuditEvent) -> dict[str, object]:
    return {name: getattr(event, name) for name in _COLUMNS} | {"at": event.at.astimezone(UTC).isoformat()}


def _since(text: str, now: datetime) -> datetime:
    """A time such as 2026-03-01, or a span until now such as 30d.

    Raises:
        BadInput: it is neither.
    """
    if span := _SPAN.fullmatch(text):
        return now - int(span[1]) * _UNITS[span[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"--since {text}: write a day such as 2026-03-01, a time, or a span such as 30d."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
