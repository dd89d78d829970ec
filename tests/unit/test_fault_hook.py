"""Places where a process can be killed: named ones, and, where asked for, those that are found by looking."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import socket, subprocess, sys
import sqlalchemy as sa
from bot import fault_hook
fault_hook.point("begin")
for statement in ("SELECT 1", "CREATE TABLE kept (n INTEGER)", "SELECT 2"):
    with sa.create_engine("sqlite://").begin() as connection:
        connection.execute(sa.text(statement))
subprocess.run([sys.executable, "-c", "open(%r, 'w')"])
try:
    socket.create_connection(("127.0.0.1", 9), 0.1)
except OSError:
    pass
fault_hook.point("end")
"""


def run(folder: Path, **environment: str) -> tuple[int, list[str], bool]:
    """Exit code, the places that were passed, and whether the new process did its deed."""
    deed, log = folder / "deed", folder / "log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_FAULT")}
    told = own | {"VIGIE_FAULT_LOG": str(log)} | environment
    program = PROGRAM % str(deed)
    ran = subprocess.run([sys.executable, "-c", program], env=told, check=False)
    return ran.returncode, log.read_text().split("\n")[:-1], deed.exists()


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    """Every commit that writes to any database, every process and every connection, each in its order."""
    code, places, done = run(tmp_path, VIGIE_FAULT_WATCH="1")
    assert (code, done) == (0, True)
    assert [place.removeprefix("serve ") for place in places] == [
        "begin#1",
        "sqlite commit#1",
        "process#1",
        "connect#1",
        "end#1",
    ]


def test_without_being_asked_only_named_places_are_passed(tmp_path: Path) -> None:
    """Nothing is looked at in daily work."""
    assert run(tmp_path)[1] == ["serve begin#1", "serve end#1"]


@pytest.mark.fault
def test_it_is_killed_before_the_deed(tmp_path: Path) -> None:
    """At the place of a process that process has not begun."""
    code, places, done = run(tmp_path, VIGIE_FAULT_WATCH="1", VIGIE_FAULT_AT="serve process#1")
    assert (code, done) == (-signal.SIGKILL, False)
    assert places[-1] == "serve process#1"
