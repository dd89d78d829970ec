"""The database's connections: ten slots that processes share, each held by an open file's lock.

The kernel gives a slot back when its holder ends, however it ends; one that lives and forgets keeps it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from bot.playground.shop.clock import iso_now, start_ticks

SIZE = 10
POLL_S = 0.02


@dataclass(frozen=True)
class Connection:
    """One taken slot; closing its file gives it back."""

    fd: int

    def close(self) -> None:
        """Give the slot back."""
        os.close(self.fd)


class Connections:
    """The slots below `run/connections`, seen by one process that calls itself `name`."""

    def __init__(self, folder: Path, name: str, size: int = SIZE) -> None:
        self._slots = [folder / "run" / "connections" / f"slot-{n}" for n in range(1, size + 1)]
        self._slots[0].parent.mkdir(parents=True, exist_ok=True)
        self._name = name
        self.size = size

    def take(self, patience_s: float = 0.0) -> Connection | None:
        """A free slot, or None when there was none for `patience_s` seconds."""
        until = time.monotonic() + patience_s
        while True:
            for slot in self._slots:
                taken = self._try(slot)
                if taken is not None:
                    return taken
            if time.monotonic() >= until:
                return None
            time.sleep(POLL_S)

    def in_use(self) -> int:
        """How many slots are held now, by whomever."""
        return sum(1 for slot in self._slots if _held(slot))

    def _try(self, slot: Path) -> Connection | None:
        fd = os.open(slot, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        pid = os.getpid()
        record = {"pid": pid, "name": self._name, "taken_at": iso_now(), "start_ticks": start_ticks(pid)}
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(record).encode(), 0)
        return Connection(fd)


def _held(slot: Path) -> bool:
    try:
        fd = os.open(slot, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
