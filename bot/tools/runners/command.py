"""Runs an argument vector on this host: no shell, a bare environment, its own process group, a time limit."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from bot.errors import ArgumentRefused
from bot.tools.runners.base import Emit, Output, RunResult, Secret

_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


class CommandRunner:
    """The runner `command`."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        argv = [_argument(part) for part in _list(call["argv"])]
        program = Path(argv[0])
        if not program.is_absolute():
            raise ArgumentRefused(f"argv: the program {argv[0]!r} must be an absolute path.")
        files = {str(path): _sha256(Path(str(path))) for path in _list(call["files"])}
        return {"argv": argv, "files": files}

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        argv = [str(part) for part in _list(resolved["argv"])]
        files = resolved["files"]
        assert isinstance(files, Mapping)
        for path, digest in files.items():
            if _sha256(Path(path)) != digest:
                return RunResult(126, "", f"{path} changed after it was shown; it was not run.")
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            return RunResult(127, "", f"{argv[0]} could not be started: {error.strerror or error}.")
        return await _finish(process, timeout_s, Output(output_cap, emit))


async def _finish(process: asyncio.subprocess.Process, timeout_s: float, output: Output) -> RunResult:
    assert process.stdout is not None
    try:
        async with asyncio.timeout(timeout_s):
            while chunk := await process.stdout.read(65_536):
                output.add(chunk)
            code = await process.wait()
    except TimeoutError:
        return RunResult(None, output.text, f"it did not end within {timeout_s:g} s.")
    finally:
        # The whole group goes, so that nothing a script left behind keeps running.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    problem = "" if code == 0 else f"it ended with exit code {code}."
    return RunResult(code, output.text, problem)


def _list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _argument(value: object) -> str:
    text = str(value)
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ArgumentRefused("argv: control characters are not allowed in an argument.")
    return text


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArgumentRefused(f"files: {path} cannot be read: {error.strerror or error}.") from None
