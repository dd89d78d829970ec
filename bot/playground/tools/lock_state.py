"""Check: who holds the pool's lock, since when, and whether that process is alive. Changes nothing.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 said, 2 wrong call. `holder_alive` and `stale` are null when the file does not say who holds it.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def main() -> int:
    """Print one JSON object: held, stale, pid, holder_alive, age_s, identity."""
    parser = argparse.ArgumentParser(prog="lock_state", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    run = parser.parse_args().folder / "run"
    if not run.is_dir():
        print(f"lock_state: {run} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    print(json.dumps(state(run / "pool.lock")))
    return 0


def state(lock: Path) -> dict[str, Any]:
    """The lock's state; `identity` stays the same for as long as the same holding lasts."""
    free = {
        "held": False,
        "stale": False,
        "pid": None,
        "holder_alive": False,
        "age_s": 0.0,
        "identity": "free",
    }
    try:
        text = lock.read_text(encoding="utf-8")
    except FileNotFoundError:
        return free
    try:
        record = json.loads(text)
        pid, taken_at = int(record["pid"]), str(record["taken_at"])
        age = (datetime.now(UTC) - datetime.fromisoformat(taken_at)).total_seconds()
    except (ValueError, TypeError, KeyError):
        return free | {"held": True, "stale": None, "holder_alive": None, "identity": "unreadable"}
    alive = holder_lives(pid, record.get("start_ticks"))
    found = {"stale": not alive, "pid": pid, "holder_alive": alive, "age_s": round(max(0.0, age), 2)}
    return free | found | {"held": True, "identity": f"{pid}@{taken_at}"}


def holder_lives(pid: int, ticks: int | None) -> bool:
    """Whether the process that took the lock still runs; its id alone may belong to another by now."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    fields = stat.rpartition(")")[2].split()
    return fields[0] not in "ZX" and ticks in (None, int(fields[19]))


if __name__ == "__main__":
    sys.exit(main())
