"""Action: put the last configuration that proved good back, have the shop load it. Undo: put_back_config.py.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done (or nothing to do, and why), 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
from itertools import pairwise
from pathlib import Path


def main() -> int:
    """Save the present file, restore the last good one, send SIGHUP; print one JSON object."""
    parser = argparse.ArgumentParser(prog="restore_last_good_config", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder.resolve()
    config = folder / "config"
    present, good = config / "shop.json", config / "shop.last-good.json"
    if not (present.exists() and good.exists()):
        return refuse(f"{present} and {good} must both be there; the shop keeps them, so start it once")
    if present.read_bytes() == good.read_bytes():
        print(json.dumps({"changed": False, "reason": "the last good configuration is in place already"}))
        return 0
    pid = shop_pid(folder)
    if pid is None:
        return refuse(f"the process named in {folder / 'run' / 'shop.pid'} is not the shop of this folder")
    return restore(present, good, config / "shop.before-restore.json", pid)


def restore(present: Path, good: Path, saved: Path, pid: int) -> int:
    """Copy present to saved and good to present, each in one step, then have the shop load it."""
    before, after = present.read_bytes(), good.read_bytes()
    replace(saved, before)
    replace(present, after)
    os.kill(pid, signal.SIGHUP)
    digests = {"from_sha256": sha256(before), "to_sha256": sha256(after)}
    print(json.dumps({"changed": True, "saved_as": str(saved), "reloaded_pid": pid} | digests))
    return 0


def shop_pid(folder: Path) -> int | None:
    """Process id of the shop of this folder, or None when that process is gone or another program."""
    try:
        pid = int((folder / "run" / "shop.pid").read_text(encoding="ascii"))
        words = [word.decode() for word in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
        place = Path(f"/proc/{pid}/cwd").readlink()
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return None
    named = [after for word, after in pairwise(words) if word == "--folder"]
    named += [word.removeprefix("--folder=") for word in words if word.startswith("--folder=")]
    runs_shop = any(word == "bot.playground.shop" or "/bot/playground/shop/" in word for word in words)
    return pid if runs_shop and folder in [(place / name).resolve() for name in named] else None


def replace(path: Path, data: bytes) -> None:
    """Write a file in one step, so that the shop never reads half of it."""
    draft = path.with_name(f".{path.name}.restore")
    draft.write_bytes(data)
    draft.replace(path)


def sha256(data: bytes) -> str:
    """Hexadecimal digest."""
    return hashlib.sha256(data).hexdigest()


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"restore_last_good_config: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
