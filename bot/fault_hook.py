"""Named places where a crash would hurt most; a test kills the process at each of them in turn.

The name of every place that is passed goes into the file `VIGIE_FAULT_LOG`. `VIGIE_FAULT_AT` holds one of its
lines ("serve commit#3"): the first process that gets there is killed. Without them nothing happens. Where
`VIGIE_FAULT_WATCH` is set, too, every commit that writes to any database, every new connection and every new
process is a place, whether the code names it or not.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

_passed: Counter[str] = Counter()
# What Python itself tells of, and the name that the place has.
_WATCHED = {"subprocess.Popen": "process", "socket.connect": "connect"}
_READING = ("SELECT", "PRAGMA", "BEGIN")
_watching = False


def point(name: str) -> None:
    """Pass a durable write or an external call named `name`."""
    log, at = os.environ.get("VIGIE_FAULT_LOG"), os.environ.get("VIGIE_FAULT_AT")
    if log is None and at is None:
        return
    if not _watching and os.environ.get("VIGIE_FAULT_WATCH"):
        _watch()
    _passed[name] += 1
    place = f"{_process()} {name}#{_passed[name]}"
    if log is not None:
        with Path(log).open("a", encoding="utf-8") as lines:
            lines.write(f"{place}\n")
    if at == place and (log is None or _is_first(Path(f"{log}.killed"))):
        os.kill(os.getpid(), signal.SIGKILL)


def _watch() -> None:
    """From now on places are found by looking, not by being named."""
    global _watching

    def executing(connection: Any, cursor: object, statement: str, *rest: object) -> None:  # noqa: ANN401
        if not statement.lstrip().upper().startswith(_READING):
            connection.info["vigie_wrote"] = True

    def committing(connection: Any) -> None:  # noqa: ANN401  # SQLAlchemy's own
        if connection.info.pop("vigie_wrote", False):
            point(f"{connection.dialect.name} commit")

    def told(what: str, arguments: object) -> None:
        if what in _WATCHED:
            point(_WATCHED[what])

    _watching = True
    library = sys.modules.get(
        "sqlalchemy"
    )  # whoever has a database has loaded it; nothing is for a test's sake
    if library is not None:
        library.event.listen(library.Engine, "before_cursor_execute", executing)
        library.event.listen(library.Engine, "commit", committing)
    sys.addaudithook(told)


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
