"""Named places where a crash would hurt most; a test kills the process at each of them in turn.

`VIGIE_FAULT_LOG` appends the name of every place that is passed; `VIGIE_FAULT_AT` holds one line of that log
("commit#3"), and the process is killed with SIGKILL when it gets there. Without them nothing happens.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

_passed: Counter[str] = Counter()


def point(name: str) -> None:
    """Pass a durable write or an external call named `name`."""
    log, at = os.environ.get("VIGIE_FAULT_LOG"), os.environ.get("VIGIE_FAULT_AT")
    if log is None and at is None:
        return
    _passed[name] += 1
    place = f"{name}#{_passed[name]}"
    if log is not None:
        with Path(log).open("a", encoding="utf-8") as lines:
            lines.write(f"{place}\n")
    if at == place:
        os.kill(os.getpid(), signal.SIGKILL)
