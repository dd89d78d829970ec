"""What `serve` does while its database is not its own: nothing, until it is again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.owner import Owner
from bot.store.database import open_engine
from bot.store.ownership import Ownership
from tests.postgresql import server


async def connected() -> bool:
    """Slack is there all the while."""
    return True


async def until(look: Callable[[], bool]) -> None:
    """Look until it is so."""
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.05)


async def test_nothing_is_sent_while_the_database_is_lost() -> None:
    """The outbox is told to wait from the loss until the lock is held again."""
    with server() as mortal:
        engine = open_engine(mortal.fresh())
        with Ownership(engine) as ownership:
            owner = Owner(ownership)
            may_send = owner.while_held(connected)
            assert await may_send()
            watching = owner.watch()
            await asyncio.to_thread(mortal.stop)
            await until(lambda: not owner.is_held)
            assert not await may_send()
            await asyncio.to_thread(mortal.start)
            await until(lambda: owner.is_held)
            assert await may_send()
            watching.cancel()
        engine.dispose()
