"""The copilot's side of the pipe: starts the executor with an environment of its own and keeps it running."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence

import structlog

from bot import fault_hook
from bot.errors import ExecutorUnavailable

log = structlog.get_logger()
_RESTART_AFTER_S = 1.0


class ExecutorProcess:
    """Implements the port `Executor` over the standard streams of a child process."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._argv = list(argv)
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._ready = asyncio.Event()
        self._next = 0
        self._watch: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    def start(self) -> None:
        """Start the child and watch it; it is started again whenever it ends."""
        self._watch = asyncio.create_task(self._keep_running(), name="executor")

    async def stop(self) -> None:
        """Close its input, so that it finishes what it does and ends."""
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process = self._process
        if process and process.returncode is None and process.stdin:
            process.stdin.close()
            await process.wait()

    async def do(self, verb: str, subject: int) -> None:
        """Have the executor work on one record and wait until it says that it is done.

        Raises:
            ExecutorUnavailable: it is not running, or it ended before it answered.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), 10)
        process = self._process
        if not self._ready.is_set() or process is None or process.stdin is None:
            raise ExecutorUnavailable
        self._next += 1
        request = self._next
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        fault_hook.point(f"executor {verb}")
        line = json.dumps({"id": request, "do": verb, "subject": subject}) + "\n"
        try:
            process.stdin.write(line.encode())
            await process.stdin.drain()
            await answer
        except ConnectionError:
            raise ExecutorUnavailable from None
        finally:
            self._waiting.pop(request, None)

    async def _keep_running(self) -> None:
        while True:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=self._environment,
            )
            await self._listen(self._process)
            self._ready.clear()
            code = await self._process.wait()
            log.error("the executor ended and is started again", exit_code=code)
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ExecutorUnavailable())
            await asyncio.sleep(_RESTART_AFTER_S)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            message = json.loads(line)
            if message.get("ready"):
                self._ready.set()
                continue
            answer = self._waiting.get(message["id"])
            if answer is None or answer.done():
                continue
            if "error" in message:
                answer.set_exception(ExecutorUnavailable(message["error"]))
            else:
                answer.set_result(None)
