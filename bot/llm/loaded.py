"""What is slow to load and belongs to one event loop, such as a client with its library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from bot.errors import ModelUnavailable

T = TypeVar("T")
_BROKEN = (ImportError, OSError, ValueError, TypeError)


class Loaded(Generic[T]):
    """Loads it once, in a thread, for all that ask meanwhile; in another loop once more."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._ready: tuple[asyncio.AbstractEventLoop, asyncio.Future[T]] | None = None

    async def get(self) -> T:
        """What was loaded.

        Raises:
            ModelUnavailable: it could not be; whoever asks next has it tried again.
        """
        loop = asyncio.get_running_loop()
        if self._ready is None or self._ready[0] is not loop:
            # Nothing is awaited between the look and this, or each of many first questions would load one.
            self._ready = (loop, loop.run_in_executor(None, self._load))
        ready = self._ready
        try:
            # Shielded, as others wait for the same one when one of them gives up.
            return await asyncio.shield(ready[1])
        except _BROKEN as error:
            if self._ready is ready:
                self._ready = None
            raise ModelUnavailable(f"It could not be set up ({type(error).__name__}: {error}).") from error

    async def give_up(self) -> T | None:
        """What was loaded in this loop, for its owner to close; None where there is nothing."""
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] is asyncio.get_running_loop():
            with suppress(*_BROKEN):
                return await ready[1]
        return None
