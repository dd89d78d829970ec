"""Sends a canary through the intake's own address and follows it until Slack has its message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp
import structlog

from bot.copilot.canaries import LABEL, NAME, Canaries
from bot.errors import StoreUnavailable

log = structlog.get_logger()

LOOK_EVERY_S = 0.25
_POST_S = 10.0


class Broken(Exception):
    """The canary did not come through; the text says where it was lost."""


class Canary:
    """One per `serve`. `within_s`: how long a canary may take from the sender to Slack."""

    def __init__(self, canaries: Canaries, token: str, within_s: float, own_url: Callable[[], str]) -> None:
        self._canaries = canaries
        self._token = token
        self._within_s = within_s
        self._own_url = own_url

    async def look(self) -> None:
        """Send one and wait for it; where it is lost, an incident says so, by whichever way works."""
        try:
            canary = await asyncio.to_thread(self._canaries.send)
        except StoreUnavailable as error:
            log.error("no canary was sent", problem=str(error))
            return
        try:
            async with asyncio.timeout(self._within_s):
                await self._post(canary.nonce)
                while not await asyncio.to_thread(self._canaries.told, canary):  # noqa: ASYNC110  # rows tell
                    await asyncio.sleep(LOOK_EVERY_S)
        except (Broken, TimeoutError, StoreUnavailable) as error:
            late = f"It was taken in, but Slack did not have it within {self._within_s:g} s."
            problem = late if isinstance(error, TimeoutError) else str(error)
            log.error("a canary was lost", problem=problem)
            await asyncio.to_thread(self._canaries.missed, canary, problem)

    async def _post(self, nonce: str) -> None:
        """Deliver it as any sender would: over HTTP, with the token, as Alertmanager's webhook."""
        timeout = aiohttp.ClientTimeout(total=min(_POST_S, self._within_s))
        url = f"{self._own_url()}/alerts/alertmanager"
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, json=notification(nonce, datetime.now(UTC)), headers=headers) as answer,
            ):
                if answer.status != 200:
                    raise Broken(f"The intake answers {answer.status}.")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Broken(f"The intake does not answer: {type(error).__name__}.") from None


def notification(nonce: str, now: datetime) -> dict[str, object]:
    """The canary as Alertmanager would send it. Only who knows the nonce of a row can send one."""
    alert = {
        "status": "firing",
        "labels": {"alertname": NAME, "severity": "info", LABEL: nonce},
        "annotations": {"summary": "A canary: it proves that alerts come through."},
        "startsAt": now.isoformat(),
    }
    return {"version": "4", "status": "firing", "alerts": [alert]}
