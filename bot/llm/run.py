"""What one diagnosis may still use of turns, tokens, time and readings, and what it has used of them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from bot.domain.evidence import Evidence
from bot.domain.investigation import Desk
from bot.llm.reading import Offer


@dataclass(slots=True)
class Run:
    """What one diagnosis may still use, and what it has used. Never shown to the model.

    `desk` is what it may read from, with its own bounds; without one the form is all that is offered.
    `close_at` is when reading ends, by `monotonic`, in seconds. `incomplete` says why reading ended early;
    `shown` has the ids of the evidence that was read under way; `may_be_sent` judges each piece before that.
    """

    budget: int
    count: Callable[[str], int]
    tokens: int = 0
    turns: int = 0
    retries: int = 0
    unusable: int = 0
    desk: Desk | None = None
    offer: Offer | None = None
    close_at: float = math.inf
    incomplete: str = ""
    is_closed: bool = False
    may_be_sent: Callable[[Evidence], bool] = lambda _piece: True
    shown: set[str] = field(default_factory=set)
    readings: dict[str, asyncio.Task[dict[str, str]]] = field(default_factory=dict)

    @property
    def may_read(self) -> bool:
        """Whether reading tools are on offer."""
        return self.offer is not None and not self.is_closed


def run_of(
    budget: int,
    count: Callable[[str], int],
    desk: Desk | None,
    service: str,
    timeout_s: float,
    may_be_sent: Callable[[Evidence], bool],
) -> Run:
    """A run with its bounds. With a desk they are the desk's, and reading ends in time for an answer."""
    count = cache(count)  # each text once, however often a turn sends it again
    if desk is None:
        return Run(budget, count)
    offer = Offer(desk.checks, desk.inventory, service)
    close_at = time.monotonic() + timeout_s * desk.bounds.share
    bounded = Run(max(budget, desk.bounds.tokens), count, desk=desk, offer=offer, close_at=close_at)
    bounded.may_be_sent = may_be_sent
    return bounded
