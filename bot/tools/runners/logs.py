"""Reads the last lines of a log that hold a text: of a file on this host, or of a Loki over HTTP."""

from __future__ import annotations

import asyncio
import os
import stat
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from urllib.parse import urlencode

from bot.errors import ArgumentRefused
from bot.tools.json_text import parsed
from bot.tools.runners.addresses import Lookup, look_up
from bot.tools.runners.asking import NoAnswer, asking, check_url, refuse_foreign_secrets
from bot.tools.runners.base import Emit, Output, RunResult, Secret

_READ_BACK = 64 * 1024 * 1024
_BLOCK = 1024 * 1024
_MOST = 8_000_000
_LONGEST = 4_096
_LEFT_OUT = b"[older lines are left out]\n"


class LogsRunner:
    """The runner `logs`. Its output is the lines themselves, oldest first."""

    def __init__(self, lookup: Lookup = look_up) -> None:
        self._lookup = lookup

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        lines = _whole("lines", call["lines"], 5000)
        if "file" in call:
            path = _plain_path(str(call["file"]))
            return {"file": path, "contains": str(call["contains"]), "lines": lines}
        resolved = {name: call[name] for name in ("url", "headers", "query")}
        resolved |= {name: call[name] for name in ("hosts", "private") if call.get(name)}
        resolved |= {"url": str(call["url"]).rstrip("/"), "lines": lines}
        if not str(call["query"]).isprintable():
            raise ArgumentRefused("query: control characters are not allowed.")
        check_url(str(resolved["url"]), resolved)
        refuse_foreign_secrets(call, ("url", "query"))
        return resolved | {"minutes": _minutes(call["minutes"])}

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        if "file" in resolved:
            return await _of_file(resolved, timeout_s, output_cap, emit)
        url, answer = str(resolved["url"]), Output(_MOST)
        try:
            async with asking(url, resolved, secret, timeout_s, self._lookup) as target:
                status = await target.ask("GET", f"{url}{_path(resolved, datetime.now(UTC))}", answer)
            lines = _of_streams(answer.text)
        except NoAnswer as error:
            return RunResult(1, "", str(error))
        except (ValueError, KeyError, TypeError):
            return RunResult(1, answer.text[:500], f"it answered with status {status}, not as expected.")
        return _shown(lines, output_cap, emit)


async def _of_file(
    resolved: Mapping[str, object], timeout_s: float, cap: int, emit: Emit | None
) -> RunResult:
    path, words, count = str(resolved["file"]), str(resolved["contains"]), int(str(resolved["lines"]))
    try:
        async with asyncio.timeout(timeout_s):
            lines = await asyncio.to_thread(tail, path, words, count)
    except TimeoutError:
        return RunResult(1, "", f"{path} could not be read within {timeout_s:g} s.")
    except OSError as error:
        return RunResult(1, "", f"{path} cannot be read: {error.strerror or error}.")
    return _shown(lines, cap, emit)


def tail(path: str, words: str, count: int) -> list[str]:
    """The last `count` lines that hold `words`, of the last 64 MB of the file.

    Raises:
        OSError: it is not a regular file, or lies behind a symbolic link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is not a regular file")
        # Asked of what was opened, so that nobody can put a link in between.
        if os.readlink(f"/proc/self/fd/{descriptor}") != path:  # noqa: PTH115  # a text, not a path of ours
            raise OSError("it lies behind a symbolic link; write where it really is")
        found: deque[str] = deque(maxlen=count)
        for line in _last_lines(file):
            if words in line:
                found.appendleft(line)
                if len(found) == count:
                    break
        return list(found)


def _last_lines(file: BinaryIO) -> Iterator[str]:
    """Lines from the end to the beginning, read block by block."""
    position = size_of_all = file.seek(0, os.SEEK_END)
    first, rest = max(0, position - _READ_BACK), b""
    is_end = True
    while position > first:
        size = min(_BLOCK, position - first)
        position -= size
        file.seek(position)
        pieces = (file.read(size) + rest).split(b"\n")
        rest = pieces[0]
        for piece in reversed(pieces[1:]):
            if not (is_end and not piece):  # the line end of the last line begins no further one
                yield _text(piece)
            is_end = False
    if size_of_all and first == 0:
        yield _text(rest)


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", "replace")


def _shown(lines: list[str], cap: int, emit: Emit | None) -> RunResult:
    """The newest are worth most: what does not fit the cap is left out at the beginning, which is said."""
    fits: deque[bytes] = deque()
    room = cap - len(_LEFT_OUT)
    for line in reversed(lines):
        data = f"{line[:_LONGEST]}\n".encode("utf-8", "replace")
        room -= len(data)
        if room < 0:
            fits.appendleft(_LEFT_OUT)
            break
        fits.appendleft(data)
    output = Output(cap, emit)
    output.add(b"".join(fits))
    return RunResult(0, output.text)


def _plain_path(path: str) -> str:
    """An absolute path that means nothing but what it says.

    Raises:
        ArgumentRefused: `..`, `.`, doubled separators, control characters, or it lies behind a symbolic link.
    """
    if not path.startswith("/") or os.path.normpath(path) != path or path.startswith("//"):
        raise ArgumentRefused(f"file: {path!r} is not a plain absolute path.")
    if not path.isprintable():
        raise ArgumentRefused("file: control characters are not allowed.")
    real = os.path.realpath(path)
    if real != path:
        raise ArgumentRefused(
            f"file: {path} is really {real}; write that in the inventory, so that it is signed."
        )
    return path


def _path(resolved: Mapping[str, object], now: datetime) -> str:
    start = now - timedelta(minutes=float(str(resolved["minutes"])))
    asked = {
        "query": resolved["query"],
        "start": int(start.timestamp() * 1e9),
        "end": int(now.timestamp() * 1e9),
        "limit": resolved["lines"],
        "direction": "backward",
    }
    return f"/loki/api/v1/query_range?{urlencode(asked)}"


def _of_streams(text: str) -> list[str]:
    """The lines of all streams by their time, each with its time before it."""
    answer = parsed(text)
    if answer["status"] != "success" or answer["data"]["resultType"] != "streams":
        raise ValueError("no streams")
    values = [(int(at), str(line)) for stream in answer["data"]["result"] for at, line in stream["values"]]
    return [
        f"{datetime.fromtimestamp(at / 1e9, UTC):%Y-%m-%dT%H:%M:%SZ} {line}" for at, line in sorted(values)
    ]


def _whole(name: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ArgumentRefused(f"{name}: {value!r} is no whole number from 1 to {most}.")
    return value


def _minutes(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 44_640:
        raise ArgumentRefused(f"minutes: {value!r} is no number of minutes.")
    return float(value)
