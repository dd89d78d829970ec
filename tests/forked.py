"""Starts `vigie` for tests: a new interpreter, or within pytest one forked off that has imported it all.

Forked it is the same code without two seconds of imports. Each process of pytest has one fork server, which
ends with it. A start as users do it is tried in `tests/acceptance`, and is what scripts measure.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests import forked_executor

# Whether starts are forked off; pytest says so.
DEFAULT = {"forked": False}
_context: ForkServerContext | None = None


class Forked:
    """Looks from the outside as `asyncio.subprocess.Process` does."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        while (code := self.returncode) is None:
            await asyncio.sleep(0.02)
        return code


Started = asyncio.subprocess.Process | Forked


async def started(
    argv: Sequence[str],
    environment: Mapping[str, str],
    out: Path,
    err: Path | None = None,
    *,
    code: Path | None = None,
) -> Started:
    """Start `vigie ARGV` with this environment alone; what it prints is added to the file `out`, or `err`.

    `code`: a folder with another version of our code; that needs an interpreter of its own.
    """
    if DEFAULT["forked"] and code is None:
        # It ends with this process, as a test that is broken off ends no `serve`.
        arguments = (list(argv), dict(environment), str(out), str(err or out))
        process = _server().Process(target=_run, args=arguments, daemon=True)
        process.start()
        return Forked(process)
    with out.open("ab") as told, (err or out).open("ab") as said:
        program = (sys.executable, "-m", "bot", *argv)
        return await asyncio.create_subprocess_exec(
            *program, env=dict(environment), cwd=code, stdout=told, stderr=said
        )


def _server() -> ForkServerContext:
    global _context
    if _context is None:
        _context = multiprocessing.get_context("forkserver")
        _context.set_forkserver_preload(["tests.prepared"])
    return _context


def _run(argv: list[str], environment: dict[str, str], out: str, err: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    told = (os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) for path in (out, err))
    if argv[0] == "serve":
        forked_executor.use()
    run(argv, environment, [nothing, *told])


def run(argv: list[str], environment: Mapping[str, str], streams: Sequence[int]) -> None:
    """Be `vigie ARGV` with this environment alone and these three standard streams, to the end."""
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # What the fork server's stands for is not ours.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.argv = ["vigie", *argv]
    from bot.__main__ import main

    try:
        code = main(argv)
    except Exception:  # noqa: BLE001  # as an interpreter does: the hook says it, without its secrets
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.exit(code)
