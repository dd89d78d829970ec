"""The outgoing heartbeat: tells a dead man's switch that Vigie is well, and only while it truly is.

Well means: the store takes a row, the sweep goes on, and the intake's server answers over its own socket.
Slack being away does not stop it, as there are other ways to tell people; the body says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
import structlog

from bot.domain.store import Store
from bot.errors import VigieError

log = structlog.get_logger()

STUCK_S = 10.0  # a sweep that did nothing for so long has stopped
TIMEOUT_S = 10.0
_ALERTMANAGER = "/api/v2/alerts"


class NotWell(VigieError):
    """The heartbeat is withheld."""


class Heartbeat:
    """One per `serve`, due each `every_s`; `idle_s`: how long ago the sweep got anywhere."""

    def __init__(
        self, store: Store, url: str, every_s: float, idle_s: Callable[[], float], own_url: Callable[[], str]
    ) -> None:
        self._store = store
        self._url = url
        self._every_s = every_s
        self._idle_s = idle_s
        self._own_url = own_url

    async def look(self) -> None:
        """Send one if all is well, else say in the log why there is none."""
        try:
            await self.beat()
        except NotWell as error:
            log.error("no heartbeat was sent", problem=error.detail)

    async def beat(self) -> None:
        """Look whether all is well, and say so.

        Raises:
            NotWell: it is not, or nobody took the heartbeat; the reason is in the row, if one can be written.
        """
        try:
            # First the row: a disk that takes nothing, or a lock that nobody lets go of, ends it here.
            async with asyncio.timeout(TIMEOUT_S):
                await asyncio.to_thread(self._note, "on its way")
        except TimeoutError:
            raise NotWell("The store takes no row.") from None
        try:
            seen = await self._look()
            await self._tell(seen)
        except NotWell as error:
            await asyncio.to_thread(self._note, error.detail)
            raise
        await asyncio.to_thread(self._note_sent)

    async def _look(self) -> dict[str, object]:
        idle = self._idle_s()
        if idle > STUCK_S:
            raise NotWell(f"The sweep has done nothing for {idle:.0f} s.")
        return await self._ask_own_server()

    async def _ask_own_server(self) -> dict[str, object]:
        """What /health says, asked as anybody would ask it."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"{self._own_url()}/health") as answer,
            ):
                if answer.status != 200:
                    raise NotWell(f"/health answers {answer.status}.")
                seen: dict[str, object] = await answer.json()
                return seen
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise NotWell(f"The intake's server does not answer: {type(error).__name__}.") from None

    async def _tell(self, seen: dict[str, object]) -> None:
        said = content(self._url, seen, self._every_s, datetime.now(UTC))
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.post(
                    self._url, json=said, headers={"User-Agent": "Vigie"}, allow_redirects=False
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NotWell(f"heartbeat_out.url does not answer: {type(error).__name__}.") from None
        if not 200 <= status < 300:
            hint = " Name the address that it leads to." if 300 <= status < 400 else ""
            raise NotWell(f"heartbeat_out.url answers {status}.{hint}")

    def _note(self, problem: str) -> None:
        with self._store.begin() as tx:
            tx.heartbeat.tried(problem)

    def _note_sent(self) -> None:
        with self._store.begin() as tx:
            tx.heartbeat.sent()


def content(url: str, seen: dict[str, object], every_s: float, now: datetime) -> object:
    """What is posted: how Vigie is, or the same as an alert where the address is an Alertmanager's.

    The alert ends by itself after three intervals, as one that always fires must not outlive Vigie.
    """
    kept = ("slack", "messages_waiting", "oldest_message", "message_problem", "second_way", "frozen")
    told = {"status": "well", "at": now.isoformat()} | {name: seen.get(name) for name in kept}
    if not urlsplit(url).path.endswith(_ALERTMANAGER):
        return told
    alert = {
        "labels": {"alertname": "VigieHeartbeat", "severity": "none"},
        "annotations": {"summary": "Vigie is well.", "slack": str(seen.get("slack"))},
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(seconds=3 * every_s)).isoformat(),
    }
    return [alert]
