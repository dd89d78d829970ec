"""The sales report: a job that reads orders over database connections. With `--leaks` it never closes one.

`python -m bot.playground.shop.sales_report --folder DIR --seconds S [--leaks]` prints its process id once it
works, and goes on in the background. It ends after S seconds, at SIGTERM, or with the shop.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from bot.playground.shop.clock import start_ticks
from bot.playground.shop.connections import Connection, Connections

EACH_S = 0.25


def main(argv: list[str] | None = None) -> int:
    """Start the report. Exit codes: 0 it works in the background, 2 wrong call, 3 no shop."""
    parser = argparse.ArgumentParser(prog="sales_report", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--leaks", action="store_true", help="forget to close connections")
    options = parser.parse_args(argv)
    shop = _shop(options.folder)
    if shop is None:
        print(f"sales_report: no shop runs in {options.folder}; start it first", file=sys.stderr)
        return 3
    child = os.fork()
    if child:
        print(child, flush=True)
        return 0
    _leave_the_terminal()
    _work(options.folder, shop, options.seconds, leaks=options.leaks)
    return 0


def _work(folder: Path, shop: tuple[int, int], seconds: float, *, leaks: bool) -> None:
    connections = Connections(folder, "sales report")
    held: list[Connection] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until and start_ticks(shop[0]) == shop[1]:
        taken = connections.take()
        time.sleep(EACH_S)
        if taken is not None and leaks:
            held.append(taken)
        elif taken is not None:
            taken.close()


def _shop(folder: Path) -> tuple[int, int] | None:
    """Process id and start of the shop that works in this folder."""
    try:
        pid = int((folder / "run" / "shop.pid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    ticks = start_ticks(pid)
    return None if ticks is None else (pid, ticks)


def _leave_the_terminal() -> None:
    """Become a process of its own: a signal to the group that started it does not reach it."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)


if __name__ == "__main__":
    sys.exit(main())
