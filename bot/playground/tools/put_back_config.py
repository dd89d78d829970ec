"""Undo of restore_last_good_config.py: put config/shop.before-restore.json back and have the shop load it.

It stands alone, standard library only, so that the sha256 of this one file covers all that runs.
Exit codes: 0 done, 2 wrong call, 3 refused with the reason on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from itertools import pairwise
from pathlib import Path


def main() -> int:
    """Put the saved configuration back, send SIGHUP; print one JSON object."""
    parser = argparse.ArgumentParser(prog="put_back_config", allow_abbrev=False)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder.resolve()
    config = folder / "config"
    present, good, saved = (
        config / f"shop.{name}" for name in ("json", "last-good.json", "before-restore.json")
    )
    if not saved.exists():
        return refuse(f"there is no {saved}; nothing was restored, or it was put back already")
    if not (present.exists() and good.exists()) or present.read_bytes() != good.read_bytes():
        return refuse(f"{present} was changed after the restore; putting the old one back would lose that")
    pid = shop_pid(folder)
    if pid is None:
        return refuse(f"the process named in {folder / 'run' / 'shop.pid'} is not the shop of this folder")
    saved.replace(present)
    os.kill(pid, signal.SIGHUP)
    print(json.dumps({"changed": True, "put_back": str(present), "reloaded_pid": pid}))
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


def refuse(reason: str) -> int:
    """Say why nothing was done; 3."""
    print(f"put_back_config: refused: {reason}", file=sys.stderr)
    return 3


if __name__ == "__main__":
    sys.exit(main())
