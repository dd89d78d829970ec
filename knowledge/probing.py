"""Reads a vector index in a process of its own first, as a broken one can hang or kill its reader."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from knowledge.errors import IndexUnavailable

SECONDS = 30.0
BROKEN = 3
TOKEN = "VIGIE_CHROMA_TOKEN"  # noqa: S105  # the name of a variable

_CODE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from knowledge.index import probe;"
    " sys.exit(probe(sys.argv[2], sys.argv[3]))"
)


def set_aside_if_broken(folder: Path) -> Path | None:
    """Where a folder went that cannot be read or does not find what it holds; None: it is good."""
    mark = _mark(folder)
    was = mark.read_text(encoding="ascii", errors="replace") if mark.is_file() else ""
    # Gone while it is open: after a crash there is none.
    mark.unlink(missing_ok=True)
    if not folder.is_dir() or not any(folder.iterdir()) or was == _state_of(folder):
        return None
    try:
        if _probe(str(folder), "", "").returncode == 0:
            return None
    except subprocess.TimeoutExpired:
        pass
    aside = folder.with_name(f"{folder.name}.broken-{time.time_ns()}")
    folder.rename(aside)
    return aside


def note_sound(folder: Path) -> None:
    """Note how the files were left, once nobody has them open: as long as they stay so, none is torn."""
    if folder.is_dir():
        _mark(folder).write_text(_state_of(folder), encoding="ascii")


def _mark(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.sound")


def _state_of(folder: Path) -> str:
    """Every file's name, length and time of change."""
    told = [
        f"{path.relative_to(folder)} {path.stat().st_size} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def broken_on_server(url: str, token: str, family: str) -> list[str]:
    """Names of our collections on a server that do not find what they hold.

    Raises IndexUnavailable when the server does not answer in time, or not as a Chroma server does.
    """
    try:
        ended = _probe(url, token, family)
    except subprocess.TimeoutExpired:
        raise IndexUnavailable(
            f"the Chroma server at {url} did not answer within {SECONDS:g} s; look after it"
        ) from None
    if ended.returncode not in (0, BROKEN):
        raise IndexUnavailable(
            f"the Chroma server at {url} does not answer as one; check chroma_url and its token"
        )
    return ended.stdout.split()


def _probe(where: str, token: str, family: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[1])
    command = [sys.executable, "-P", "-c", _CODE, root, where, family]
    # The token is no argument: those can be read by everybody on this host.
    environment = {name: value for name, value in os.environ.items() if name != TOKEN}
    environment |= {TOKEN: token} if token else {}
    return subprocess.run(  # noqa: S603  # a fixed command, no shell
        command, check=False, timeout=SECONDS, capture_output=True, text=True, env=environment
    )
