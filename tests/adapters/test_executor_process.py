"""The copilot's side of the pipe: whatever its child says or does, it goes on, and whoever waits is told."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.errors import ExecutorUnavailable
from bot.tools import process
from bot.tools.process import ExecutorProcess

_CHILD = """
import json, sys
print("a library says hello"); print("[1]"); print("{}"); print("x" * 100000)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["subject"] == 3: sys.exit(7)
    if request["subject"] != 2: print(json.dumps({"id": request["id"]}), flush=True)
"""


_BUSY = """
import asyncio, threading
from bot.tools.loop import serve_stdin

class Busy:
    free = threading.Event()

    async def check(self, subject):
        assert await asyncio.to_thread(self.free.wait, 3), "nobody came"

    async def stop(self, subject):
        await asyncio.to_thread(self.free.set)

    prepare = execute = verify = look = check

asyncio.run(serve_stdin(Busy()))
"""


@asynccontextmanager
async def running(*argv: str) -> AsyncIterator[ExecutorProcess]:
    made = ExecutorProcess(argv, {})
    made.start()
    try:
        yield made
    finally:
        await made.stop()


async def test_a_stray_line_does_not_end_the_watch() -> None:
    """What is no answer is passed over, and work is done all the same."""
    async with running(sys.executable, "-c", _CHILD) as executor:
        await executor.do("check", 1)
        assert executor.problem == ""


async def test_no_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is told after the limit."""
    monkeypatch.setattr(process, "_ANSWER_WITHIN_S", 0.2)
    async with running(sys.executable, "-c", _CHILD) as executor:
        with pytest.raises(ExecutorUnavailable, match=r"no answer within 0\.2 s"):
            await executor.do("check", 2)


async def test_how_it_ended_is_kept_until_it_is_ready_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is told to who waits, and stands in `problem`."""
    monkeypatch.setattr(process, "_RESTART_AFTER_S", 0.2)
    async with running(sys.executable, "-c", _CHILD) as executor:
        with pytest.raises(ExecutorUnavailable, match="exit code 7"):
            await executor.do("check", 3)
        assert "exit code 7" in executor.problem
        await executor.do("check", 1)
        assert executor.problem == ""


async def test_a_program_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The watch goes on; once it is there, it runs."""
    monkeypatch.setattr(process, "_RESTART_AFTER_S", 0.05)
    program = tmp_path / "program"
    async with running(str(program)) as executor:
        while not executor.problem:
            await asyncio.sleep(0.01)
        assert "FileNotFoundError" in executor.problem
        program.symlink_to("/bin/false")
        while "exit code 1" not in executor.problem:
            await asyncio.sleep(0.01)


async def test_what_keeps_threads_busy_holds_up_no_other_work() -> None:
    """Forty runs keep a thread each, as a statement on MariaDB does; what ends them needs one, too."""
    async with running(sys.executable, "-c", _BUSY) as executor:
        runs = [asyncio.create_task(executor.do("check", number)) for number in range(40)]
        await asyncio.sleep(0)  # they are asked for first
        await executor.do("stop", 0)
        await asyncio.gather(*runs)
