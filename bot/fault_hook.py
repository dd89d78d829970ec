"""Named places where a crash would hurt most; a test kills the process at each of them in turn.

The name of every place that is passed goes into the file `VIGIE_FAULT_LOG`. `VIGIE_FAULT_AT` holds one of its
lines ("serve commit#3"): the first process that gets there is killed. Without them nothing happens.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Pass a durable write or an external call named `name`."""
    log, at = os.environ.get("VIGIE_FAULT_LOG"), os.environ.get("VIGIE_FAULT_AT")
    if log is None and at is None:
        return
    _passed[name] += 1
    place = f"{_process()} {name}#{_passed[name]}"
    if log is not None:
        with Path(log).open("a", encoding="utf-8") as lines:
            lines.write(f"{place}\n")
    if at == place and (log is None or _is_first(Path(f"{log}.killed"))):
        os.kill(os.getpid(), signal.SIGKILL)


def _process() -> str:
    """Serve and its executor pass places of the same names."""
    return "executor" if "executor" in sys.argv[1:2] else "serve"


def _is_first(mark: Path) -> bool:
    """Whoever is started again passes the same place, and must get by this time."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True
