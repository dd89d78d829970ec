"""What a run of questions is for, so that every call of it is counted, recorded and bounded as one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.domain.spending import Purpose


@dataclass(slots=True)
class Asking:
    """`until` is the event loop's time at which an answer is of no use any more. The rest is filled in on the
    way: which provider and model answered last, what all calls cost, and why no call may be made.
    """

    purpose: Purpose
    until: float
    model: str = ""
    tokens: int = 0
    refused: str = ""
    calls: list[str] = field(default_factory=list)


_NOW: ContextVar[Asking | None] = ContextVar("asking", default=None)


@contextmanager
def asking(purpose: Purpose, until: float) -> Iterator[Asking]:
    """Every call within the block, in tasks that it starts too, is for this purpose."""
    made = Asking(purpose, until)
    token = _NOW.set(made)
    try:
        yield made
    finally:
        _NOW.reset(token)


def current() -> Asking | None:
    """What is asked for here; None where nobody said."""
    return _NOW.get()
