"""The stock count, a batch that holds the pool's lock while it runs.

`python -m bot.playground.shop.stock_count --folder DIR --seconds S`: prints `taken` once it has the lock.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bot.playground.shop.lock import PoolLock

PATIENCE_S = 3.0


def main(argv: list[str] | None = None) -> int:
    """Take the lock, hold it, give it back. Exit codes: 0 done, 3 the lock was not to be had."""
    parser = argparse.ArgumentParser(prog="stock_count", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args(argv)
    lock = PoolLock(options.folder / "run" / "pool.lock")
    until = time.monotonic() + PATIENCE_S
    while not lock.try_take():
        if time.monotonic() > until:
            print("stock_count: run/pool.lock is held by somebody else", file=sys.stderr)
            return 3
        time.sleep(0.002)
    print("taken", flush=True)
    try:
        time.sleep(options.seconds)
    finally:
        lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main())
