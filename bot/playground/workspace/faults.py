"""Faults that a test or a person can order: lost answers, 429, errors, redelivery, lost acks, outages."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from bot.playground.workspace.errors import Refused


@dataclass
class _Order:
    refusal: Refused
    times: int


class Faults:
    """Each fault is used up as it happens; `clear` takes all of them back."""

    def __init__(self) -> None:
        self._silent: defaultdict[str, int] = defaultdict(int)
        self._orders: dict[str, list[_Order]] = {}
        self._lost_acks = 0
        self._down_until = 0.0
        self.copies = 1
        self.close_sockets: Callable[[str | None], Coroutine[object, object, None]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def drop_answer(self, method: str, times: int = 1) -> None:
        """The next calls of `method` are carried out, then the connection is closed without an answer."""
        self._silent[method] += times

    def rate_limit(self, method: str, times: int = 1, retry_after: int = 1) -> None:
        """The next calls of `method` are answered with 429 and Retry-After in seconds."""
        refusal = Refused("ratelimited", status=429, retry_after=retry_after)
        self._orders.setdefault(method, []).append(_Order(refusal, times))

    def fail(self, method: str, error: str, times: int = 1) -> None:
        """The next calls of `method` are refused with that error code and change nothing."""
        self._orders.setdefault(method, []).append(_Order(Refused(error), times))

    def redeliver(self, times: int) -> None:
        """From now on every envelope is delivered that many times in all; 1 is the normal state."""
        self.copies = max(1, times)

    def drop_acks(self, times: int = 1) -> None:
        """The next acks of the app are lost on the way."""
        self._lost_acks += times

    async def disconnect(self) -> None:
        """Asks every connection to leave (`refresh_requested`); it is closed half a second later."""
        if self.close_sockets is not None:
            await self.close_sockets("refresh_requested")

    def down(self, seconds: float) -> None:
        """For that long the API answers 503 and no socket opens; open sockets break at once."""
        self._down_until = time.monotonic() + seconds
        if self.close_sockets is not None:
            task = asyncio.ensure_future(self.close_sockets(None))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def clear(self) -> None:
        """Takes every ordered fault back."""
        self._silent.clear()
        self._orders.clear()
        self._lost_acks, self._down_until, self.copies = 0, 0.0, 1

    @property
    def is_down(self) -> bool:
        """Whether an ordered outage lasts."""
        return time.monotonic() < self._down_until

    def refuse(self, method: str) -> None:
        """Raises the refusal that was ordered for this call, if any.

        Raises:
            Refused: as ordered.
        """
        orders = self._orders.get(method, [])
        if orders:
            orders[0].times -= 1
            refusal = orders[0].refusal
            if orders[0].times <= 0:
                orders.pop(0)
            raise refusal

    def loses_answer(self, method: str) -> bool:
        """Uses up one ordered silence of this method."""
        if self._silent[method] <= 0:
            return False
        self._silent[method] -= 1
        return True

    def loses_ack(self) -> bool:
        """Uses up one ordered loss of an ack."""
        if self._lost_acks <= 0:
            return False
        self._lost_acks -= 1
        return True
