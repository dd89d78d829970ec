"""Whether this `serve` still owns its database. While it does not, nothing is executed and nothing sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.errors import StoreBusy, StoreUnavailable
from bot.store.ownership import Ownership

log = structlog.get_logger()
LOOK_EVERY_S = 1.0


class Owner:
    """Looks after the ownership: a lost one is taken again, and taken by another it is the end."""

    def __init__(self, ownership: Ownership) -> None:
        self._ownership = ownership
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_held = True

    def watch(self) -> asyncio.Task[None]:
        """Look every second from now on."""
        return asyncio.create_task(self._watch(), name="owner")

    async def wait_fatal(self) -> None:
        """Return never, or raise what makes it useless to go on.

        Raises:
            StoreBusy: another `serve` has taken the database while it was lost.
        """
        await asyncio.shield(self._fatal)

    def while_held(self, also: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
        """`also`, and False while the database is not ours."""

        async def both() -> bool:
            return self.is_held and await also()

        return both

    async def _watch(self) -> None:
        while True:
            held = True
            try:
                await asyncio.to_thread(self._ownership.hold)
            except StoreUnavailable as error:
                held = False
                if self.is_held:
                    log.error("the database is lost: nothing is executed or sent", problem=str(error))
            except StoreBusy as error:
                self.is_held = False
                self._fatal.set_exception(error)
                return
            if held and not self.is_held:
                log.info("the database is back, and ours")
            self.is_held = held
            await asyncio.sleep(LOOK_EVERY_S)
