"""Runs the checks side by side and tells each in its turn, with its remedy."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bot.commands.doctor.check import Check, Result, Status, away, failed
from bot.commands.doctor.ground import Ground, ground
from bot.commands.doctor.registry import CHECKS
from bot.environment_file import ENVIRONMENT_FILE, KNOWN, read_environment_file
from bot.errors import Misconfigured
from bot.mistakes.toml_file import read_toml
from bot.settings import File, Settings, hand_on

_MARKS = {
    Status.OK: "ok     ",
    Status.WARNING: "warning",
    Status.FAILED: "FAILED ",
    Status.SKIPPED: "skipped",
}
_INDENT = " " * 23
_SECRET = re.compile("TOKEN|KEY|SECRET|PASSWORD|STORE|WEBHOOK")


def run(config: Path, *, offline: bool, as_json: bool) -> int:
    """Check an installation; exit 1 when something failed, 2 when there is nothing to check."""
    settings, mistakes = look(config)
    results = asyncio.run(_tell(config, settings, mistakes, offline=offline, as_json=as_json))
    counted = {status: sum(result.status is status for _, result in results) for status in Status}
    fine = not counted[Status.FAILED]
    if as_json:
        told = [{"name": check.name, **_fields(result)} for check, result in results]
        print(json.dumps({"ok": fine, "config": str(config), "checks": told}))
    else:
        print(
            f"\n{counted[Status.FAILED]} failed, {counted[Status.WARNING]} warnings, {counted[Status.OK]} ok."
        )
    return 0 if fine else 1


def look(config: Path) -> tuple[Settings, list[str]]:
    """The settings as far as they can be read, and what is wrong in vigie.toml and vigie.env.

    Raises:
        Misconfigured: there is no vigie.toml to read.
    """
    file, mistakes = read_toml(config, File)
    said = [str(mistake) for mistake in mistakes]
    given: dict[str, str] = {}
    try:
        given, wrong = read_environment_file(config.parent / ENVIRONMENT_FILE)
        said += [str(mistake) for mistake in wrong]
    except Misconfigured as error:
        said.append(error.detail)
    hand_on(given)
    return Settings(file, config.resolve().parent, {**given, **os.environ}), said


async def results_of(checks: Sequence[Check], on: Ground) -> AsyncIterator[tuple[Check, Result]]:
    """All of them at once, handed out in their order as each is there; one that breaks hides no other."""
    tasks = [asyncio.create_task(_looked(check, on)) for check in checks]
    try:
        for check, task in zip(checks, tasks, strict=True):
            await asyncio.wait({task})
            broken = task.exception()
            yield check, task.result() if broken is None else _broke(broken)
    finally:
        for task in tasks:
            task.cancel()


async def _looked(check: Check, on: Ground) -> Result:
    try:
        async with asyncio.timeout(check.limit_s):
            return await check.look(on)
    except TimeoutError:
        return away(f"no answer within {check.limit_s:g} s", "Try again; if it stays, look at the network.")


def _broke(error: BaseException) -> Result:
    return failed(f"the check itself broke: {type(error).__name__}", "Tell those who make Vigie.")


async def _tell(
    config: Path, settings: Settings, mistakes: list[str], *, offline: bool, as_json: bool
) -> list[tuple[Check, Result]]:
    told = []
    hidden = [value for name in KNOWN if _SECRET.search(name) and len(value := settings.variable(name)) >= 8]
    async with ground(config, settings, mistakes, offline=offline) as on:
        _waits(CHECKS[0].name, as_json)
        async for check, result in results_of(CHECKS, on):
            clean = _without(result, hidden)
            told.append((check, clean))
            if not as_json:
                _print(check, clean)
            if len(told) < len(CHECKS):
                _waits(CHECKS[len(told)].name, as_json)
    return told


def _without(result: Result, hidden: Sequence[str]) -> Result:
    """No token is ever shown, whoever quoted it."""
    found, remedy = result.found, result.remedy
    for value in hidden:
        found, remedy = found.replace(value, "[hidden]"), remedy.replace(value, "[hidden]")
    return Result(result.status, found, remedy, result.away)


def _print(check: Check, result: Result) -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    found = result.found.replace("\n", f"\n{_INDENT}")
    print(f"{_MARKS[result.status]}  {check.name:<13} {found}", flush=True)
    if result.remedy and result.status is not Status.OK:
        print(f"{_INDENT}{result.remedy}", flush=True)


def _waits(name: str, as_json: bool) -> None:
    if sys.stderr.isatty() and not as_json:
        print(f"\r\x1b[K... {name}", end="", file=sys.stderr, flush=True)


def _fields(result: Result) -> dict[str, str]:
    return {"status": result.status.value, "found": result.found, "remedy": result.remedy}
