"""Check: whether one program other than the shop keeps many database connections. Changes nothing.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 said, 2 wrong call.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MANY, LONG_S = 4, 2.0


def main() -> int:
    """Print one JSON object: leaking, holder, program, held, oldest_s, in_use, identity."""
    parser = argparse.ArgumentParser(prog="leak_state", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    run = parser.parse_args().folder / "run"
    if not (run / "connections").is_dir():
        print(f"leak_state: {run / 'connections'} is no folder; give the shop's folder", file=sys.stderr)
        return 2
    shop = run / "shop.pid"
    print(json.dumps(state(holdings(run / "connections"), shop.read_text().strip() if shop.exists() else "")))
    return 0


def state(held: list[dict[str, Any]], shop: str) -> dict[str, Any]:
    """Who leaks: a process but the shop with four connections or more, the oldest for two seconds or more."""
    found: dict[str, Any] = {"leaking": False, "holder": None, "program": None, "held": 0, "oldest_s": 0.0}
    found |= {"in_use": len(held), "identity": "none"}
    for pid in sorted({one["pid"] for one in held} - {int(shop) if shop.isdigit() else 0}):
        mine = [one for one in held if one["pid"] == pid]
        oldest = max(one["age_s"] for one in mine)
        if len(mine) >= MANY and oldest >= LONG_S:
            about = {"leaking": True, "holder": pid, "program": mine[0]["name"], "held": len(mine)}
            return (
                found | about | {"oldest_s": round(oldest, 2), "identity": f"{pid}@{mine[0]['start_ticks']}"}
            )
    return found


def holdings(folder: Path) -> list[dict[str, Any]]:
    """The connections that are held now, as their holders wrote them down."""
    found = []
    for slot in sorted(folder.glob("slot-*")):
        if held(slot):
            try:
                record = json.loads(slot.read_text(encoding="utf-8"))
                age = (datetime.now(UTC) - datetime.fromisoformat(record["taken_at"])).total_seconds()
                about = {"pid": int(record["pid"]), "name": str(record["name"])[:60]}
                found.append(about | {"start_ticks": record["start_ticks"], "age_s": max(0.0, age)})
            except (ValueError, TypeError, KeyError):
                continue  # taken this very moment, its record is not whole yet
    return found


def held(slot: Path) -> bool:
    """Whether somebody holds the lock on this slot."""
    fd = os.open(slot, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


if __name__ == "__main__":
    sys.exit(main())
