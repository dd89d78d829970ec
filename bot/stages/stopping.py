"""Ends what is under way as soon as a person wants that."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot.domain.investigation import Desk

T = TypeVar("T")


class Stopped(Exception):  # no error: somebody wished it
    """A person has stopped the investigation."""


async def unless_stopped(work: Coroutine[Any, Any, T], desk: Desk) -> T:
    """What `work` gives.

    Raises:
        Stopped: a person wanted it to end first; the work is cancelled.
    """
    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(desk.stopped())
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        watching.result()
        raise Stopped
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
