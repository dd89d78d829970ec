"""Undo of clear_stale_lock.py: put run/pool.lock.cleared back as the pool's lock.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done, 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

PATIENCE_S = 1.0


def main() -> int:
    """Make the cleared lock the pool's lock again as soon as no worker holds it; print one JSON object."""
    parser = argparse.ArgumentParser(prog="put_back_lock", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    run = parser.parse_args().folder / "run"
    lock, cleared = run / "pool.lock", run / "pool.lock.cleared"
    if not cleared.exists():
        return refuse(f"there is no {cleared}; nothing was cleared, or it was put back already")
    if not link_when_free(cleared, lock):
        return refuse(f"{lock} was held for {PATIENCE_S:g} s by somebody else; it was left as it is")
    cleared.unlink()
    print(json.dumps({"changed": True, "put_back": str(lock)}))
    return 0


def link_when_free(source: Path, lock: Path) -> bool:
    """Link `source` to `lock` without ever replacing a lock that somebody holds."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            os.link(source, lock)
        except FileExistsError:
            time.sleep(0.002)
        else:
            return True
    return False


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"put_back_lock: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
