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
_ANSWER_WITHIN_S = 3700.0  # a tool may take 3600 s


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
        self.problem = ""  # why it does not run; empty once it is ready

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
            ExecutorUnavailable: it is not running, ended before it answered, or took far too long.
        """
        if not self.is_ready:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ready.wait(), 10)
        process = self._process
        if not self._ready.is_set() or process is None or process.stdin is None:
            raise ExecutorUnavailable(self.problem)
        self._next += 1
        request = self._next
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        fault_hook.point(f"executor {verb}")
        line = json.dumps({"id": request, "do": verb, "subject": subject}) + "\n"
        try:
            process.stdin.write(line.encode())
            await process.stdin.drain()
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                await answer
        except TimeoutError:
            raise ExecutorUnavailable(f"There was no answer within {_ANSWER_WITHIN_S:g} s.") from None
        except ConnectionError:
            raise ExecutorUnavailable from None
        finally:
            self._waiting.pop(request, None)

    async def _keep_running(self) -> None:
        while True:
            try:
                await self._run_once()
            except Exception as error:  # the loop's boundary: whatever went wrong, it is started again
                self.problem = f"The executor could not be run: {type(error).__name__}: {error}."
                log.exception("the executor could not be run and is started again")
            self._ready.clear()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ExecutorUnavailable(self.problem))
            await asyncio.sleep(_RESTART_AFTER_S)

    async def _run_once(self) -> None:
        if self._process and self._process.returncode is None:
            await self._process.communicate()  # nobody listened to it any more: let it finish and end
        self._process = process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._environment,
        )
        await self._listen(process)
        self._ready.clear()
        code = await process.wait()
        self.problem = f"The executor ended with exit code {code}."
        log.error("the executor ended and is started again", exit_code=code)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the stream's limit; it was dropped
                log.error("the executor said a line that is too long; it was ignored")
                continue
            if not line:
                return
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            log.error(
                "the executor said what is no answer; it was ignored",
                line=line[:200].decode("utf-8", "replace"),
            )
            return
        if message.get("ready"):
            self.problem = ""
            self._ready.set()
            return
        number = message.get("id")
        answer = self._waiting.get(number) if isinstance(number, int) else None
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(ExecutorUnavailable(str(message["error"])))
        else:
            answer.set_result(None)
