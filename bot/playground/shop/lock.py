"""The pool's lock: one file that exists while somebody reserves stock, naming who holds it and since when."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from bot.playground.shop.clock import iso_now, seconds_since, start_ticks


@dataclass(frozen=True)
class Holder:
    """Who holds the lock. `pid` is None when the file cannot be read: then nobody can tell who it is."""

    pid: int | None
    age_s: float
    alive: bool


class PoolLock:
    """A lock file shared by processes: made by a hard link, so it appears whole and only once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def try_take(self) -> bool:
        """Take the lock for this process if it is free; False if somebody has it."""
        if self.path.exists():
            return False
        pid = os.getpid()
        record = {"pid": pid, "taken_at": iso_now(), "start_ticks": start_ticks(pid)}
        draft = self.path.with_name(f".{self.path.name}.{pid}.{threading.get_ident()}")
        draft.write_text(json.dumps(record), encoding="utf-8")
        try:
            os.link(draft, self.path)
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True

    def release(self) -> None:
        """Give the lock back; quiet when the file has been moved away meanwhile."""
        self.path.unlink(missing_ok=True)

    def holder(self) -> Holder | None:
        """Who holds the lock now, or None when it is free."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            record = json.loads(text)
            pid, age = int(record["pid"]), seconds_since(record["taken_at"])
        except (ValueError, TypeError, KeyError):
            return Holder(pid=None, age_s=0.0, alive=True)
        ticks = start_ticks(pid)
        same = record.get("start_ticks") in (None, ticks)
        return Holder(pid=pid, age_s=age, alive=ticks is not None and same)
