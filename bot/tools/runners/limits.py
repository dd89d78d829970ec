"""What a program may take: the kernel holds every process of a run to it."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Callable, Mapping
from pathlib import Path

_MEGABYTE = 1024 * 1024
_DEFAULTS = {"memory_mb": 4096, "open_files": 1024, "processes": 64, "file_mb": 1024}


def limits_of(declared: Mapping[str, object], timeout_s: float) -> dict[int, int]:
    """The limits by the kernel's numbers; what is not declared has a sane default.

    The kernel counts processes by user: those that run already come on top. It holds root to no such number.
    """
    given = {name: int(str(value)) for name, value in declared.items()}
    wanted = _DEFAULTS | given
    return {
        resource.RLIMIT_CPU: given.get("cpu_s", math.ceil(timeout_s) * (os.cpu_count() or 1)),
        resource.RLIMIT_AS: wanted["memory_mb"] * _MEGABYTE,
        resource.RLIMIT_NOFILE: wanted["open_files"],
        resource.RLIMIT_NPROC: wanted["processes"] + _running(),
        resource.RLIMIT_FSIZE: wanted["file_mb"] * _MEGABYTE,
        resource.RLIMIT_CORE: 0,
    }


def setter(limits: Mapping[int, int]) -> Callable[[], None]:
    """Sets them between fork and exec. It only makes system calls, so no lock of a thread holds it up."""
    bounded = {kind: min(wanted, _hard(kind)) for kind, wanted in limits.items()}
    # Of processor time a second more is left, so that the end is SIGXCPU, which says what it was.
    pairs = {kind: (value, value + (kind == resource.RLIMIT_CPU)) for kind, value in bounded.items()}

    def set_limits() -> None:
        for kind, pair in pairs.items():
            resource.setrlimit(kind, pair)

    return set_limits


def _hard(kind: int) -> int:
    """What is the most that we may ask for ourselves."""
    hard = resource.getrlimit(kind)[1]
    return 2**62 if hard == resource.RLIM_INFINITY else hard


def _running() -> int:
    """How many threads of our user run now, as the kernel counts them."""
    user, count = os.getuid(), 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if folder.stat().st_uid == user:
                    count += sum(1 for _ in (folder / "task").iterdir())
            except OSError:
                continue  # it has just ended
    return count
