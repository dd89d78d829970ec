"""The way by webhook: one JSON object by POST, under an idempotency key that stays the same at every try."""

from __future__ import annotations

import asyncio
from datetime import datetime

import aiohttp

from bot.domain.records import SeenAlert
from bot.reach import wording
from bot.reach.way import Letter, NotTaken

TIMEOUT_S = 15.0
_DISCORD = 2000  # characters of `content`


class Webhook:
    """Posts to one address; only a 2xx counts as taken, and no redirect is followed with the token."""

    name = "webhook"

    def __init__(self, url: str, token: str = "") -> None:
        self._url = url
        self._token = token

    async def send(self, letter: Letter) -> str:
        """Send it, and return once the receiver has taken it.

        Raises:
            NotTaken: it has not, with its status.
        """
        headers = {"Idempotency-Key": letter.key, "User-Agent": "Vigie"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.post(
                    self._url, json=payload(letter), headers=headers, allow_redirects=False
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise NotTaken(f"The webhook does not answer: {type(error).__name__}.") from None
        if not 200 <= status < 300:
            raise NotTaken(f"The webhook answers {status}{_hint(status)}.")
        return ""


def payload(letter: Letter) -> dict[str, object]:
    """The documented shape, see README.md. `text` and `content` are what chat programs show."""
    incident = letter.incident
    said = wording.short(letter)
    return {
        "version": 1,
        "event": letter.news.value,
        "key": letter.key,
        "text": said,
        "content": said[:_DISCORD],
        "allowed_mentions": {"parse": []},
        "because": wording.clean(letter.because),
        "at": letter.at.isoformat(),
        "incident": {
            "id": incident.id,
            "title": wording.clean(incident.title),
            "severity": incident.severity.word,
            "state": incident.state.value,
            "open": incident.state.is_open,
            "service": wording.clean(incident.service),
            "environment": wording.clean(incident.environment),
            "opened_at": incident.opened_at.isoformat(),
            "resolved_at": _iso(incident.resolved_at),
        },
        "alerts": [_alert(alert) for alert in letter.alerts[: wording.ALERTS]],
    }


def _alert(alert: SeenAlert) -> dict[str, object]:
    return {
        "name": wording.clean(alert.name),
        "severity": alert.severity.word,
        "status": alert.status.value,
        "summary": wording.clean(alert.summary or alert.description),
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _hint(status: int) -> str:
    if 300 <= status < 400:
        return ", a redirect: put the final address into fallback.webhook_url"
    if status in (401, 403):
        return ": VIGIE_FALLBACK_TOKEN is missing or wrong"
    return ""
