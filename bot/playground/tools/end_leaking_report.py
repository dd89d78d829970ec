"""Action: end the sales report that keeps database connections, so that the kernel gives them back. No undo.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done (or nothing to do, and why), 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

MANY, PATIENCE_S = 4, 5.0


def main() -> int:
    """Find the process, see that it is a report of this shop, send SIGTERM, wait; print one JSON object."""
    parser = argparse.ArgumentParser(prog="end_leaking_report", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder.resolve()
    slots = folder / "run" / "connections"
    if not slots.is_dir():
        print(f"end_leaking_report: {slots} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    records = holders(slots)
    most = max((pid for pid in records if not is_shop(pid, folder)), key=lambda p: len(records[p]), default=0)
    if not most or len(records[most]) < MANY:
        reason = f"no program but the shop holds {MANY} connections or more"
        print(json.dumps({"changed": False, "reason": reason}))
        return 0
    if not runs("bot.playground.shop.sales_report", most, folder):
        return refuse(f"process {most} holds {len(records[most])} connections and is no report of this shop")
    return end(most, records[most])


def end(pid: int, records: list[dict[str, Any]]) -> int:
    """Ask the process to end, and say so only once it has."""
    started = ticks(pid)
    if started is None or any(record.get("start_ticks") != started for record in records):
        return refuse(f"process {pid} is not the one any more that took the connections")
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + PATIENCE_S
    while ticks(pid) == started:
        if time.monotonic() > until:
            return refuse(
                f"process {pid} did not end within {PATIENCE_S:g} s of SIGTERM; its owner must look"
            )
        time.sleep(0.02)
    print(json.dumps({"changed": True, "ended": pid, "connections_given_back": len(records)}))
    return 0


def holders(slots: Path) -> dict[int, list[dict[str, Any]]]:
    """The records of connections that are held now, by process id."""
    found: dict[int, list[dict[str, Any]]] = {}
    for slot in sorted(slots.glob("slot-*")):
        fd = os.open(slot, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                record = json.loads(os.pread(fd, 4096, 0))
                found.setdefault(int(record["pid"]), []).append(record)
            except (ValueError, TypeError, KeyError):
                continue
        finally:
            os.close(fd)
    return found


def is_shop(pid: int, folder: Path) -> bool:
    """Whether a process is the shop of this folder."""
    return runs("bot.playground.shop", pid, folder) or str(pid) == shop_pid(folder)


def shop_pid(folder: Path) -> str:
    """What the shop's pid file says."""
    path = folder / "run" / "shop.pid"
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def runs(module: str, pid: int, folder: Path) -> bool:
    """Whether a process runs this module with this folder."""
    try:
        words = [w.decode(errors="replace") for w in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
        place = Path(f"/proc/{pid}/cwd").readlink()
    except (FileNotFoundError, ProcessLookupError):
        return False
    named = [(place / after).resolve() for word, after in pairwise(words) if word == "--folder"]
    path = f"/{module.replace('.', '/')}.py"
    return folder in named and any(word == module or word.endswith(path) for word in words)


def ticks(pid: int) -> int | None:
    """Start of a living process; None when it is gone or only a zombie is left."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"end_leaking_report: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
