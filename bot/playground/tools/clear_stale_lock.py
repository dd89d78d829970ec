"""Action: move the pool's lock away when the process that took it has ended. Undo: put_back_lock.py.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done (or nothing to do, and why), 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
from pathlib import Path


def main() -> int:
    """Check the holder and move the lock to run/pool.lock.cleared; print one JSON object."""
    parser = argparse.ArgumentParser(prog="clear_stale_lock", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    run = parser.parse_args().folder / "run"
    if not run.is_dir():
        print(f"clear_stale_lock: {run} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    guard = os.open(run, os.O_RDONLY)
    # One clearing at a time: a second one must not move the lock that a worker has just taken.
    fcntl.flock(guard, fcntl.LOCK_EX)
    return clear(run / "pool.lock", run / "pool.lock.cleared")


def clear(lock: Path, cleared: Path) -> int:
    """Move `lock` to `cleared` unless its holder lives or cannot be told."""
    try:
        text = lock.read_text(encoding="utf-8")
    except FileNotFoundError:
        print(json.dumps({"changed": False, "reason": "there is no lock", "lock": str(lock)}))
        return 0
    try:
        record = json.loads(text)
        pid, taken_at = int(record["pid"]), str(record["taken_at"])
    except (ValueError, TypeError, KeyError):
        return refuse(f"{lock} does not say who holds it; look at it and decide by hand")
    if holder_lives(pid, record.get("start_ticks")):
        return refuse(f"process {pid}, which holds the lock since {taken_at}, is alive: {command(pid)}")
    lock.replace(cleared)
    print(json.dumps({"changed": True, "moved_to": str(cleared), "pid": pid, "taken_at": taken_at}))
    return 0


def holder_lives(pid: int, ticks: int | None) -> bool:
    """Whether the process that took the lock still runs; its id alone may belong to another by now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat.rpartition(")")[2].split()
    return fields[0] not in "ZX" and ticks in (None, int(fields[19]))


def command(pid: int) -> str:
    """The first words of a process's command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return "(ended meanwhile)"
    return b" ".join(words[:4]).decode(errors="replace")


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"clear_stale_lock: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
