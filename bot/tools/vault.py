"""Asks a vault's command line for one secret: a fixed argument vector of vigie.toml, and what it prints."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

from bot.errors import ArgumentRefused

_MOST = 64 * 1024


async def ask(name: str, argv: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> str:
    """The first `_MOST` bytes that it prints on standard output, without the line end behind them.

    Raises:
        ArgumentRefused: it could not be started, failed, printed nothing, or took too long. What it said is
            not repeated: a secret may stand in it.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise ArgumentRefused(f"secret {name}: {argv[0]}: {error.strerror or error}.") from None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(timeout_s):
            printed = await _read(process.stdout)
            code = await process.wait()
    except TimeoutError:
        raise ArgumentRefused(f"secret {name}: {argv[0]} did not answer within {timeout_s:g} s.") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    value = printed.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if code or not value or len(printed) > _MOST:
        why = f"ended with exit code {code}" if code else "printed nothing, or far too much"
        raise ArgumentRefused(f"secret {name}: {argv[0]} {why}; try it by hand.")
    return value


async def _read(stream: asyncio.StreamReader) -> bytes:
    collected = bytearray()
    while len(collected) <= _MOST and (chunk := await stream.read(_MOST)):
        collected += chunk
    return bytes(collected)
