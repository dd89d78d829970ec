"""Within a forked `serve`, the executor is forked off the same server, which has seen no secret of either.

It is a process of its own with nothing but its three streams and its environment, as an interpreter's would
be, without the imports that are most of its start. Tests of what a new interpreter alone shows use one.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing import forkserver, process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PID_FILE = "executor.pid"


class ForkedExecutor:
    """Looks as the `asyncio.subprocess.Process` that Vigie keeps of its executor."""

    def __init__(self, started: Any, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader) -> None:  # noqa: ANN401
        self._started = started
        self.stdin, self.stdout = stdin, stdout

    @property
    def returncode(self) -> int | None:
        return int(code) if (code := self._started.exitcode) is not None else None

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        if self.returncode is None:
            loop.add_reader(self._started.sentinel, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self._started.sentinel)
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, None]:
        """Close its input and wait for its end."""
        self.stdin.close()
        told = await self.stdout.read()
        await self.wait()
        return told, None


def use() -> None:
    """From now on the executor of this process is forked; it starts no other program."""
    # A child of a fork server knows where it is but, in Python 3.11, starts one of its own.
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[method-assign]
    process.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # it may have children
    asyncio.create_subprocess_exec = _begin  # type: ignore[assignment]


async def _begin(*argv: str, stdin: int, stdout: int, env: Mapping[str, str]) -> ForkedExecutor:
    """Start `python -m bot ARGV`; its errors go where ours go."""
    loop = asyncio.get_running_loop()
    arguments = list(argv[argv.index("bot") + 1 :])
    (theirs_in, ours_in), (ours_out, theirs_out) = os.pipe(), os.pipe()
    with (
        Connection(theirs_in, writable=False) as asked,
        Connection(theirs_out, readable=False) as told,
        Connection(os.dup(2), readable=False) as errors,
    ):
        context = multiprocessing.get_context("forkserver")
        started = context.Process(target=_run, args=(arguments, dict(env), asked, told, errors))
        started.start()
    process._children.discard(started)  # type: ignore[attr-defined]  # nobody waits for it at our end
    folder = Path(arguments[arguments.index("--config") + 1]).parent
    (folder / PID_FILE).write_text(str(started.pid))
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours_out, "rb"))
    writing, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(ours_in, "wb")
    )
    return ForkedExecutor(started, asyncio.StreamWriter(writing, protocol, None, loop), reader)


def _run(argv: list[str], environment: dict[str, str], *streams: Connection) -> None:
    from tests.forked import run

    numbers = []
    for stream in streams:
        numbers.append(os.dup(stream.fileno()))
        stream.close()
    run(argv, environment, numbers)
