"""One process owns a data folder; a second is refused."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from bot.errors import FolderBusy, Misconfigured


@contextlib.contextmanager
def own_folder(folder: Path, name: str = "serve", wait: bool = False) -> Iterator[None]:
    """Hold the folder for as long as the block runs; the system lets go of it even after a crash.

    Raises:
        FolderBusy: another process holds it, and `wait` is False.
        Misconfigured: there can be no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise Misconfigured(f"folder: {folder} cannot be used: {error.strerror}.") from None
    descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _lock(descriptor, wait):
        os.close(descriptor)
        raise FolderBusy(f"({folder})")
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, wait: bool) -> bool:
    """Take the lock; a command that only looks who owns the folder holds it for a moment, so try twice."""
    if wait:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    for pause in (0.2, 0.0):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(pause)
    return False


def is_owned(folder: Path, name: str = "serve") -> bool:
    """Whether a process holds the folder now."""
    try:
        with own_folder(folder, name):
            return False
    except FolderBusy:
        return True
