"""What the page is told as it happens: one queue for each open page, filtered by who may see it."""

import asyncio
from collections.abc import AsyncIterator

from bot.playground.workspace.errors import Json

_QUEUE = 1000


class Feed:
    """Fans events out to the open pages of a person. A page that stops reading is let go; it loads anew."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[Json | None], str] = {}

    def tell(self, users: set[str] | None, event: Json) -> None:
        """Sends the event to the pages of those users; None means everybody."""
        for queue, user in list(self._queues.items()):
            if users is None or user in users:
                try:
                    queue.put_nowait(event)
                except asyncio.QueueFull:
                    self._let_go(queue)

    async def listen(self, user: str, silence: float) -> AsyncIterator[Json | None]:
        """Yields None once it listens, then that user's events, and None after `silence` seconds."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue(_QUEUE)
        self._queues[queue] = user
        try:
            yield None
            while queue in self._queues or not queue.empty():
                try:
                    event = await asyncio.wait_for(queue.get(), silence)
                except TimeoutError:
                    yield None
                    continue
                if event is None:
                    return
                yield event
        finally:
            self._queues.pop(queue, None)

    def close(self) -> None:
        """Ends every stream."""
        for queue in list(self._queues):
            self._let_go(queue)

    def _let_go(self, queue: asyncio.Queue[Json | None]) -> None:
        self._queues.pop(queue, None)
        while queue.full():
            queue.get_nowait()
        queue.put_nowait(None)
