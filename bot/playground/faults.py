"""The demo's two faults, made on a running shop from the outside, as real life makes them.

`python -m bot.playground.faults --folder DIR NAME` makes one by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.playground.shop.clock import start_ticks
from bot.playground.shop.config import write_whole
from bot.playground.shop.lock import PoolLock

PROJECT = Path(__file__).resolve().parents[2]
BAD_TIMEOUT_MS = 15


class FaultNotMadeError(RuntimeError):
    """The shop could not be broken; the message says why and what to do first."""


@dataclass(frozen=True)
class Fault:
    """A fault as the demo's page shows it, and the names of the alerts that it raises."""

    title: str
    what: str
    alerts: tuple[str, ...]


FAULTS = {
    "stale_lock": Fault(
        title="Orders stand still",
        what="The stock count takes the pool's lock and is killed. Its lock file stays: all workers wait.",
        alerts=("ShopOrdersStuck", "ShopOrdersSlow"),
    ),
    "bad_config": Fault(
        title="Checkouts fail",
        what=f"A new configuration is loaded that gives the payment partner only {BAD_TIMEOUT_MS} ms.",
        alerts=("ShopCheckoutErrors",),
    ),
}


def break_shop(folder: Path, name: str) -> str:
    """Make one fault on the shop that runs in `folder` and say what was done; blocks for up to 5 s.

    KeyError for a name that is not in FAULTS; FaultNotMadeError when no shop runs or it is broken already.
    """
    pid = _shop_pid(folder)
    return _MAKERS[name](folder, pid)


def _shop_pid(folder: Path) -> int:
    path = folder / "run" / "shop.pid"
    try:
        pid = int(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise FaultNotMadeError(f"no shop runs in {folder} ({error}); start it first") from error
    if start_ticks(pid) is None:
        raise FaultNotMadeError(f"the shop of {folder}, process {pid}, has ended; start it first")
    return pid


def _leave_stale_lock(folder: Path, _pid: int) -> str:
    batch = "bot.playground.shop.stock_count"
    call = [sys.executable, "-m", batch, "--folder", str(folder.resolve()), "--seconds", "60"]
    child = subprocess.Popen(  # noqa: S603  # our own module, no shell
        call, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with child:
        assert child.stdout is not None
        taken = child.stdout.readline() == b"taken\n"
        child.kill()
    if not taken:
        holder = PoolLock(folder / "run" / "pool.lock").holder()
        pid = holder.pid if holder else None
        raise FaultNotMadeError(f"the pool's lock is held already, by process {pid}; repair the shop first")
    return f"process {child.pid} took the pool's lock and was killed"


def _load_bad_config(folder: Path, pid: int) -> str:
    path = folder / "config" / "shop.json"
    config = json.loads(path.read_bytes())
    if config["payment_timeout_ms"] == BAD_TIMEOUT_MS:
        raise FaultNotMadeError("the bad configuration is in place already; repair the shop first")
    before = config["payment_timeout_ms"]
    config["version"] = _next_version(config["version"])
    config["payment_timeout_ms"] = BAD_TIMEOUT_MS
    write_whole(path, (json.dumps(config, indent=2) + "\n").encode())
    os.kill(pid, signal.SIGHUP)
    return f"configuration {config['version']} loaded: payment_timeout_ms {BAD_TIMEOUT_MS}, before {before}"


def _next_version(version: str) -> str:
    head, dot, last = version.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdigit() else f"{version}.1"


_MAKERS: dict[str, Callable[[Path, int], str]] = {
    "stale_lock": _leave_stale_lock,
    "bad_config": _load_bad_config,
}


def main(argv: list[str] | None = None) -> int:
    """Make one fault. Exit codes: 0 made, 1 not made, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("name", choices=sorted(FAULTS))
    options = parser.parse_args(argv)
    try:
        print(break_shop(options.folder, options.name))
    except FaultNotMadeError as error:
        print(f"faults: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
