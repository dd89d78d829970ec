"""What every check is: a name, what it needs, and a function that looks and says what it found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.commands.doctor.ground import Ground


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """`away`: it could not be told, as somebody does not answer; a start does not wait for that."""

    status: Status
    found: str
    remedy: str = ""
    away: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """`stops_start`: with this failed, `serve` refuses the first start. `limit_s`: how long it may take."""

    name: str
    look: Callable[[Ground], Awaitable[Result]]
    stops_start: bool = False
    limit_s: float = 15.0


def ok(found: str) -> Result:
    return Result(Status.OK, found)


def warning(found: str, remedy: str) -> Result:
    return Result(Status.WARNING, found, remedy)


def failed(found: str, remedy: str) -> Result:
    return Result(Status.FAILED, found, remedy)


def away(found: str, remedy: str) -> Result:
    return Result(Status.FAILED, found, remedy, away=True)


def skipped(found: str) -> Result:
    return Result(Status.SKIPPED, found)
