"""Reads a vector index in a process of its own first, as a broken one can hang or kill its reader."""

from __future__ import annotations

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
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    try:
        if _probe(str(folder), "", "").returncode == 0:
            return None
    except subprocess.TimeoutExpired:
        pass
    aside = folder.with_name(f"{folder.name}.broken-{time.time_ns()}")
    folder.rename(aside)
    return aside


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
