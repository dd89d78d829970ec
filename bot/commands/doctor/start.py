"""What `serve` asks before it opens anything: an installation that is half finished does not start half."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.commands.doctor.check import Result, Status
from bot.commands.doctor.ground import ground
from bot.commands.doctor.registry import CHECKS
from bot.commands.doctor.run import results_of
from bot.errors import Misconfigured
from bot.mistakes.mistake import told
from bot.settings import Settings


async def refuse_half_finished(settings: Settings, config: Path) -> None:
    """Refuse the first start of an installation that lacks something; later ones look at its files alone.

    Once Vigie has served, a channel that is gone or a group that is empty is trouble to be told while alerts
    are taken in, and no reason to take in none. Slack being away is never a reason.

    Raises:
        Misconfigured: all that is missing, each with its remedy.
    """
    missing = []
    checks = [check for check in CHECKS if check.stops_start]
    is_first = await asyncio.to_thread(is_first_start, settings)
    async with ground(config, settings, [], offline=not is_first) as on:
        async for check, result in results_of(checks, on):
            if result.status is Status.FAILED and not result.away:
                missing.append(_sentence(check.name, result))
    if missing:
        raise Misconfigured(told(missing))


def _sentence(name: str, result: Result) -> str:
    found = result.found.replace("\n", "\n  ")
    return f"{name}: {found}. {result.remedy}".replace("..", ".").strip()


def is_first_start(settings: Settings) -> bool:
    """Whether no `serve` has ever put a catalogue in force here."""
    url = settings.store_url
    if url.startswith("sqlite:///"):
        return not Path(url.removeprefix("sqlite:///")).exists()
    from sqlalchemy.exc import ProgrammingError

    from bot.errors import StoreUnavailable
    from bot.store.database import Store, open_engine
    from bot.tools.in_force import CATALOGUE

    store = Store(open_engine(url))
    try:
        with store.read() as tx:
            return tx.n3.adopted(CATALOGUE) is None
    except ProgrammingError:
        return True  # it has no tables yet
    except StoreUnavailable:
        return False  # no database: the start itself says so
    finally:
        store.close()
