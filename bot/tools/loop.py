"""The executor's side of the pipe: one line in is one id to work on, one line out says that it is done."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from bot.errors import VigieError
from bot.tools.executor import Executor

THREADS = 256
"""Some runners keep a thread each while they run; what is written of all runs must not wait for those."""
log = structlog.get_logger()


async def serve_stdin(executor: Executor) -> None:
    """Answer requests until standard input ends; work under way is finished first."""
    verbs: dict[str, Callable[[int], Awaitable[None]]] = {
        "check": executor.check,
        "prepare": executor.prepare,
        "execute": executor.execute,
        "verify": executor.verify,
        "look": executor.look,
        "stop": executor.stop,
    }
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _answer({"ready": True})
    async with asyncio.TaskGroup() as work:
        while line := await reader.readline():
            request = json.loads(line)
            work.create_task(_one(verbs[request["do"]], int(request["subject"]), request["id"]))


async def _one(verb: Callable[[int], Awaitable[None]], subject: int, request_id: int) -> None:
    try:
        await verb(subject)
    except VigieError as error:
        _answer({"id": request_id, "error": str(error)})
    except Exception as error:  # the loop's boundary: one broken record must not end the executor
        log.exception("executor failed", subject=subject)
        _answer({"id": request_id, "error": f"{type(error).__name__}: see the executor's log."})
    else:
        _answer({"id": request_id})


def _answer(message: dict[str, object]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody listens any more; what else is under way must come to its end all the same.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
