"""How each fault is made on a running shop, and the trace by which it is seen that it is there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bot.playground.shop.clock import start_ticks
from bot.playground.shop.config import write_whole
from bot.playground.shop.connections import Connections
from bot.playground.shop.lock import PoolLock
from bot.playground.shop.mail import mail_name

PROJECT = Path(__file__).resolve().parents[2]
BAD_TIMEOUT_MS = 15
REPORT_S = 3600.0
# "Büro" in Latin-1, as a partner's old export writes it: no UTF-8, so that the mailer cannot read it.
POISON = b'{"to": "B\xfcro <office@customers.example>", "about": "partner import"}'
IMPORTED = "partner-import"


class FaultNotMadeError(RuntimeError):
    """The shop could not be broken; the message says why and what to do first."""


def shop_pid(folder: Path) -> int:
    """The shop's process; FaultNotMadeError when none runs in `folder`."""
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


def _queue_poison(folder: Path, _pid: int) -> str:
    if _poisoned(folder):
        raise FaultNotMadeError("a message that cannot be read waits already; repair the shop first")
    name = mail_name(IMPORTED)
    write_whole(folder / "mail" / "queue" / name, POISON)
    return f"mail {name} queued: its bytes are no UTF-8"


def _leak_connections(folder: Path, _pid: int) -> str:
    if _leaking(folder):
        raise FaultNotMadeError("the connections are all in use already; repair the shop first")
    call = [sys.executable, "-m", "bot.playground.shop.sales_report", "--folder", str(folder.resolve())]
    started = subprocess.run(  # noqa: S603  # our own module, no shell
        [*call, "--seconds", f"{REPORT_S:g}", "--leaks"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if started.returncode:
        raise FaultNotMadeError(started.stderr.strip())
    return f"sales report, process {started.stdout.strip()}, opens connections and closes none"


def _lose_receipts(folder: Path, _pid: int) -> str:
    if _receipts_lost(folder):
        raise FaultNotMadeError("the folder of receipts is gone already; put it back first (--by-hand)")
    shutil.rmtree(folder / "receipts.cleaned-up", ignore_errors=True)
    (folder / "receipts").rename(folder / "receipts.cleaned-up")
    return "the folder of receipts was moved away by a clean-up"


def put_receipts_back(folder: Path) -> str:
    """Undo `lost_receipts`, as somebody does who has found out."""
    if not _receipts_lost(folder):
        raise FaultNotMadeError("the folder of receipts is where it belongs; there is nothing to put back")
    (folder / "receipts.cleaned-up").rename(folder / "receipts")
    return "the folder of receipts is back"


def _stale(folder: Path) -> bool:
    holder = PoolLock(folder / "run" / "pool.lock").holder()
    return holder is not None and not holder.alive


def _configured_badly(folder: Path) -> bool:
    try:
        found: object = json.loads((folder / "config" / "shop.json").read_bytes())["payment_timeout_ms"]
    except (OSError, ValueError, KeyError):
        return False
    return found == BAD_TIMEOUT_MS


def _poisoned(folder: Path) -> bool:
    return any((folder / "mail" / "queue").glob(f"*-{IMPORTED}.json"))


def _leaking(folder: Path) -> bool:
    connections = Connections(folder, "")
    return connections.in_use() >= connections.size


def _receipts_lost(folder: Path) -> bool:
    return not (folder / "receipts").exists() and (folder / "receipts.cleaned-up").exists()


MAKERS: dict[str, Callable[[Path, int], str]] = {
    "stale_lock": _leave_stale_lock,
    "bad_config": _load_bad_config,
    "poison_mail": _queue_poison,
    "leaked_connections": _leak_connections,
    "lost_receipts": _lose_receipts,
}
TRACES: dict[str, Callable[[Path], bool]] = {
    "stale_lock": _stale,
    "bad_config": _configured_badly,
    "poison_mail": _poisoned,
    "leaked_connections": _leaking,
    "lost_receipts": _receipts_lost,
}
