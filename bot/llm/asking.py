"""What a run of questions is for, so that every call of it is counted, recorded and bounded as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.domain.spending import Purpose
from bot.llm.privacy import Clean


@dataclass(slots=True)
class Asking:
    """`until` is the event loop's time at which an answer is of no use any more. The rest is filled in on the
    way: which provider and model answered last, what all calls cost, and why no call may be made.

    `cleaned` and `sizes` (tokens) are by text: a conversation is sent anew with each of its turns, and what
    was looked through once need not be again.
    """

    purpose: Purpose
    until: float
    model: str = ""
    tokens: int = 0
    refused: str = ""
    calls: list[str] = field(default_factory=list)
    cleaned: dict[str, Clean] = field(default_factory=dict, repr=False)
    sizes: dict[str, int] = field(default_factory=dict, repr=False)

    def size_of(self, text: str, count: Callable[[str], int]) -> int:
        """Tokens of a text, counted once."""
        if text not in self.sizes:
            self.sizes[text] = count(text)
        return self.sizes[text]


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
