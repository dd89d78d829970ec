"""Canaries: whether a marked alert came through lately."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.commands.doctor.check import Result, failed, ok, skipped, warning
from bot.commands.doctor.ground import Ground
from bot.domain.quiet import Canary
from bot.errors import BadInput, VigieError
from bot.folder import is_owned

_ON = 'Set every = "15m" under [canary] in vigie.toml to find a broken alert path before it is needed.'
_LOOK = (
    "Look at /health and at the log of `vigie serve`; an incident in Slack says where the canary was lost."
)


async def canary(ground: Ground) -> Result:
    """The last canary came through, and not too long ago."""
    section = ground.settings.file.canary
    if not section.every_s:
        return ok(f"off. {_ON}")
    folder = ground.settings.folder
    if not folder.exists() or not await asyncio.to_thread(is_owned, folder):
        return ok("`vigie serve` does not run here, so none is sent now")
    return await asyncio.to_thread(_judged, ground, timedelta(seconds=2 * section.every_s + section.within_s))


def _judged(ground: Ground, most: timedelta) -> Result:
    from bot.commands.store import existing
    from bot.store.database import Store

    try:
        store = Store(existing(ground.settings))
        with store.read() as tx:
            now, newest, last = tx.now, tx.canaries.newest(), tx.canaries.last_told()
        store.close()
    except (BadInput, VigieError) as error:
        return skipped(f"cannot be read: {error}")
    if newest is not None and newest.problem:
        return failed(f"the last one did not come through: {newest.problem}", _LOOK)
    if last is None or last.told_at is None:
        return warning("none has come through yet", _LOOK)
    if now - last.told_at > most:
        return failed(f"the last one came through {_ago(last, now - last.told_at)}", _LOOK)
    return ok(f"the last one came through {_ago(last, now - last.told_at)}")


def _ago(last: Canary, age: timedelta) -> str:
    took = last.latency.total_seconds() if last.latency else 0.0
    return f"{int(age.total_seconds())} s ago and took {took:.1f} s"
