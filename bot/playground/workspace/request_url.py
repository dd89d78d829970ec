"""The app's request URL: everything as a signed POST, as Slack sends it where Socket Mode is off."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

import aiohttp

from bot.playground.workspace.acks import Ack, Outcome
from bot.playground.workspace.envelopes import VERIFICATION_TOKEN, Kind
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.faults import Faults
from bot.playground.workspace.signature import signed_headers
from bot.playground.workspace.waits import Waits

_MOST_REDIRECTS = 2
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class _Answer:
    """`reason` is what Slack writes into X-Slack-Retry-Reason when it sends again."""

    outcome: Outcome
    reason: str = ""
    text: str = ""
    retry: bool = True


class RequestUrl:
    """One address for events, commands and interactions."""

    def __init__(self, signing_secret: str, faults: Faults, waits: Waits) -> None:
        self._secret = signing_secret
        self._faults = faults
        self._ack_seconds = waits.ack_seconds
        self._pauses = waits.http_retry_pauses
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def verify(self, url: str) -> None:
        """Takes that address once it has answered the challenge, as when it is saved in the app's settings.

        Raises:
            Refused: `url_verification_failed`, with what came instead.
        """
        challenge = secrets.token_urlsafe(32)
        asked = {"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}
        answer = await self._send(url, json.dumps(asked).encode(), _JSON, {})
        if answer.outcome != "acked" or _challenge_in(answer.text) != challenge:
            raise Refused("url_verification_failed", outcome=answer.outcome, answer=answer.text[:200])
        self.url = url

    def send_event(self, payload: Json) -> None:
        """Delivers an event in the background, and again after each pause until it is answered with 2xx."""
        task = asyncio.ensure_future(self._deliver(json.dumps(payload).encode()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask(self, kind: Kind, payload: Json) -> Ack:
        """Delivers an interaction or a command once; the body of the answer is the payload of its ack."""
        fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        body = urlencode(fields).encode()
        copies = (self._send(self.url, body, _FORM, {}) for _ in range(self._faults.copies))
        answer, *_ = await asyncio.gather(*copies)
        if answer.outcome != "acked":
            return Ack(answer.outcome)
        return Ack("acked", _ack_payload(answer.text, plain=kind == "slash_commands"))

    async def close(self) -> None:
        """Gives up all deliveries."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(self, body: bytes) -> None:
        copies, pauses = self._faults.copies, (0.0, *self._pauses)
        retry: dict[str, str] = {}
        for attempt in range(max(copies, len(pauses))):
            if attempt >= copies:
                await asyncio.sleep(pauses[attempt])
            answer = await self._send(self.url, body, _JSON, retry)
            if attempt + 1 >= copies and (answer.outcome == "acked" or not answer.retry):
                return
            reason = answer.reason or "http_timeout"
            retry = {"X-Slack-Retry-Num": str(attempt + 1), "X-Slack-Retry-Reason": reason}

    async def _send(self, url: str, body: bytes, kind: str, retry: dict[str, str]) -> _Answer:
        if self._faults.is_down:
            return _Answer("no_connection", "connection_failed")
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False)
        headers = signed_headers(self._secret, body, kind, int(time.time())) | retry
        most = _MOST_REDIRECTS + 1
        try:
            async with (
                asyncio.timeout(self._ack_seconds),
                self._session.post(url, data=body, headers=headers, max_redirects=most) as answer,
            ):
                text = (await answer.content.read(_ANSWER_BYTES)).decode(errors="replace")
        except TimeoutError:
            return _Answer("timeout", "http_timeout")
        except aiohttp.TooManyRedirects:
            return _Answer("client_error", "too_many_redirects")
        except aiohttp.ClientError:
            return _Answer("no_connection", "connection_failed")
        if self._faults.loses_ack():
            return _Answer("timeout", "http_timeout")
        if 200 <= answer.status < 300:
            return _Answer("acked", text=text)
        retried = answer.headers.get("X-Slack-No-Retry") != "1"
        return _Answer(
            "service_error" if answer.status >= 500 else "client_error", "http_error", text, retried
        )


def _challenge_in(text: str) -> str:
    """The challenge in an answer: as plain text, in JSON or in a form."""
    try:
        return str(json.loads(text)["challenge"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return parse_qs(text).get("challenge", [text.strip()])[0]


def _ack_payload(text: str, *, plain: bool) -> Json | None:
    """What an answer says; a command may be answered with plain text too."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return {"text": text} if plain and text.strip() else None
    return payload if isinstance(payload, dict) else None
