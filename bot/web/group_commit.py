"""Commits what many senders deliver at once in one transaction, and only then lets each have its answer.

One writer drains a bounded queue. While it waits for the disk, the next group gathers, so the more there is
to do, the less each alert costs.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from bot.copilot.receiving import Outcome, Receiving
from bot.domain.alert import Decision
from bot.domain.senders import Notification
from bot.errors import OverCapacity, StoreUnavailable

MOST_WAITING = 2000  # alerts: about four seconds' work, less than senders wait for an answer
AT_ONCE = 50  # alerts in one transaction: it holds up people's clicks no longer than that takes

_Waiting = tuple[Notification, "asyncio.Future[list[Decision]]"]


class GroupCommit:
    """The queue before the store. Nothing in it was promised to anybody: an answer follows the commit."""

    def __init__(self, core: Receiving, most_waiting: int = MOST_WAITING, at_once: int = AT_ONCE) -> None:
        self._core, self._most, self._at_once = core, most_waiting, at_once
        self._queue: deque[_Waiting] = deque()
        self._waiting = 0
        self._refused: Counter[str] = Counter()
        self._told: list[asyncio.Future[None]] = []
        self._work, self._stopping = asyncio.Event(), False
        self._writer: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return self._waiting >= self._most

    async def receive(self, notification: Notification) -> list[Decision]:
        """Wait until its alerts are committed; what was decided of each.

        Raises:
            OverCapacity: too much waits; nothing was kept, and that is counted.
            StoreUnavailable: nothing was kept.
        """
        count = len(notification.alerts)
        if self.is_full or (self._queue and self._waiting + count > self._most):
            self.refuse_full()
        decided: asyncio.Future[list[Decision]] = asyncio.get_running_loop().create_future()
        self._queue.append((notification, decided))
        self._waiting += count
        self._work.set()
        return await decided

    def refuse_full(self) -> None:
        """Count one more that does not fit, and refuse it; the count is written with the next group.

        Raises:
            OverCapacity: always.
        """
        self._refused["over capacity"] += 1
        self._work.set()
        raise OverCapacity

    async def count_refused(self, reason: str) -> None:
        """A delivery was refused; nothing of it is kept but this count, which is committed on return."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._refused[reason] += 1
        self._told.append(told)
        self._work.set()
        await told

    def start(self) -> None:
        self._writer = asyncio.create_task(self._run(), name="group commit")

    async def stop(self) -> None:
        """Commit what still waits, and end."""
        self._stopping = True
        self._work.set()
        if self._writer is not None:
            await self._writer

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._queue or self._refused:
                await self._commit(self._next())
            if self._stopping:
                return

    def _next(self) -> list[_Waiting]:
        """The oldest deliveries, as many as one transaction takes, and one at least."""
        group: list[_Waiting] = []
        count = 0
        while self._queue and (not group or count + len(self._queue[0][0].alerts) <= self._at_once):
            group.append(self._queue.popleft())
            count += len(group[-1][0].alerts)
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        if self._refused:
            await self._write_counts()
        if group:
            outcomes = await self._stored([one for one, _ in group])
            self._waiting -= sum(len(one.alerts) for one, _ in group)
            for (_, decided), outcome in zip(group, outcomes, strict=True):
                _settle(decided, outcome)

    async def _stored(self, notifications: list[Notification]) -> list[Outcome]:
        try:
            return await asyncio.to_thread(self._core.receive_all, notifications)
        except StoreUnavailable as error:
            return [StoreUnavailable(error.detail) for _ in notifications]

    async def _write_counts(self) -> None:
        """Counts that cannot be written wait for the next group, which a moment later may be."""
        refused, told = self._refused, self._told
        self._refused, self._told = Counter(), []
        try:
            await asyncio.to_thread(self._core.count_refused, refused)
        except StoreUnavailable:
            await asyncio.sleep(0.1)
            if not self._stopping:
                self._refused += refused
        for waiting in told:
            if not waiting.done():
                waiting.set_result(None)


def _settle(decided: asyncio.Future[list[Decision]], outcome: Outcome) -> None:
    if decided.done():  # its sender has gone
        return
    if isinstance(outcome, Exception):
        decided.set_exception(outcome)
    else:
        decided.set_result(outcome)
