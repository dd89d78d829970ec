"""A job that a target took (Rundeck, AWX and the like): followed to its end, then its output is read."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import cast
from urllib.parse import quote, urlsplit

from bot.errors import ArgumentRefused
from bot.tools.json_text import parsed
from bot.tools.runners.asking import Asked, NoAnswer, check_url
from bot.tools.runners.base import Output, RunResult
from bot.tools.runs.http import ANSWER

_MOST = 1_000_000
_STOP_WITHIN_S = 5.0
_URLS = ("url", "output", "stop")


def check_poll(poll: Mapping[str, object], url: str, resolved: Mapping[str, object]) -> None:
    """Whether a job is followed where it was started, and nowhere else.

    Raises:
        ArgumentRefused: another scheme, host or port, or an address that could mean another.
    """
    for name in _URLS:
        if asked := str(poll[name]):
            check_url(ANSWER.sub("0", asked), resolved, f"poll.{name}")
            if _origin(asked) != _origin(url):
                raise ArgumentRefused(f"poll.{name}: it must be of the same scheme, host and port as url.")


async def follow(
    target: Asked, poll: Mapping[str, object], answer: str, end: float, output: Output
) -> RunResult:
    """Ask until the job has ended; at `end` (of the loop's clock), or when cancelled, tell it to stop."""
    try:
        urls = {name: _filled(str(poll[name]), answer) for name in _URLS}
    except ValueError as error:
        return RunResult(None, answer, f"it was taken, but {error}: how it goes on is not known.")
    last = ""
    try:
        async with asyncio.timeout_at(end):
            while True:
                status = await _status(target, urls["url"], str(poll["status"]))
                if status != last:
                    output.add(f"[{status or 'no status'}]\n".encode())
                    last = status
                if status in cast("list[str]", [*_words(poll, "ok"), *_words(poll, "failed")]):
                    return await _ended(target, urls["output"], status, poll, output)
                await asyncio.sleep(float(cast("float", poll["every_s"])))
    except TimeoutError:
        stopped = await _stop(target, urls["stop"])
        problem = f"it did not end in time; its last status was {last!r}. {stopped}"
        return RunResult(None, output.text, problem)
    except asyncio.CancelledError:
        await asyncio.shield(_stop(target, urls["stop"]))
        raise


async def _status(target: Asked, url: str, pointer: str) -> str:
    """The status now; empty where it could not be read, which is tried again until the time limit."""
    answer = Output(_MOST)
    try:
        if await target.ask("GET", url, answer) >= 300:
            return ""
        return _at(answer.text, pointer)
    except (NoAnswer, ValueError):
        return ""


async def _ended(
    target: Asked, url: str, status: str, poll: Mapping[str, object], output: Output
) -> RunResult:
    if url:
        try:
            await target.ask("GET", url, output)
        except NoAnswer as error:
            output.add(f"[its output could not be read: {error}]\n".encode())
    is_well = status in _words(poll, "ok")
    return RunResult(0 if is_well else 1, output.text, "" if is_well else f"it ended as {status!r}.")


async def _stop(target: Asked, url: str) -> str:
    if not url:
        return "It may still run."
    try:
        async with asyncio.timeout(_STOP_WITHIN_S):
            status = await target.ask("POST", url, Output(_MOST))
    except (NoAnswer, TimeoutError):
        return "It was told to stop, and did not answer."
    return "It was told to stop." if status < 300 else f"It was told to stop, and answered {status}."


def _words(poll: Mapping[str, object], name: str) -> list[str]:
    return cast("list[str]", poll[name])


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _filled(url: str, answer: str) -> str:
    """The address of this job; what the target said can be nothing but one plain id in it."""

    def value(match: re.Match[str]) -> str:
        found = _at(answer, match.group(1))
        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}", found):
            raise ValueError(f"its answer holds no id at {match.group(1)}")
        return quote(found, safe="")

    return ANSWER.sub(value, url)


def _at(text: str, pointer: str) -> str:
    """The text or whole number at a JSON pointer; empty where there is none.

    Raises:
        ValueError: it is no JSON.
    """
    found: object = parsed(text)
    for part in pointer.removeprefix("/").split("/"):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return ""
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
