"""Takes alerts in: authenticate, bound, parse purely, commit; only then the sender gets its 2xx."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert
from bot.errors import BadInput, TooLarge, Unauthenticated
from bot.sources import SOURCES
from bot.web.authenticate import SIGNATURE, Authenticate

MAX_DEPTH = 32
# A text, whole or broken off at the end: possessive, so that no body makes it go back.
_TEXT = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class Intake:
    """`POST /alerts/<source>`. Refused deliveries leave a count by reason and nothing else."""

    def __init__(
        self,
        alerts: Alerts,
        authenticate: Authenticate,
        now: Callable[[], datetime],
        max_body: int,
        body_timeout_s: float,
    ) -> None:
        self._core = alerts
        self._authenticate = authenticate
        self._now = now
        self._max_body = max_body
        self._body_timeout_s = body_timeout_s

    async def receive(self, request: web.Request) -> web.Response:
        """Accept one notification; the answer says what became of each alert."""
        try:
            alerts = await self._alerts(request)
        except Unauthenticated:
            await asyncio.to_thread(self._core.count_refused, "unauthenticated")
            raise
        except TooLarge:
            await asyncio.to_thread(self._core.count_refused, "too large")
            raise
        except BadInput:
            await asyncio.to_thread(self._core.count_refused, "bad input")
            raise
        delivery = request.headers.get(SIGNATURE, "")
        decisions = await asyncio.to_thread(self._core.receive, alerts, delivery)
        return web.json_response(
            {"accepted": len(decisions), "decisions": [decision.kind.value for decision in decisions]}
        )

    async def _alerts(self, request: web.Request) -> list[Alert]:
        parse = SOURCES.get(request.match_info["source"])
        if parse is None:
            raise BadInput(f"source: expected one of {', '.join(sorted(SOURCES))}.")
        if request.content_length is not None and request.content_length > self._max_body:
            raise TooLarge(f"The limit is {self._max_body} bytes.")
        self._authenticate.before_body(request.headers)
        body = await self._body(request)
        self._authenticate.with_body(request.headers, body, self._now())
        # In a thread: half a megabyte of labels takes a second, and others are to be served meanwhile.
        return await asyncio.to_thread(lambda: parse(load_bounded(body), self._now()))

    async def _body(self, request: web.Request) -> bytes:
        try:
            async with asyncio.timeout(self._body_timeout_s):
                return await request.read()
        except TimeoutError:
            raise BadInput(f"The body did not arrive within {self._body_timeout_s:g} s.") from None
        except web.HTTPRequestEntityTooLarge:
            raise TooLarge(f"The limit is {self._max_body} bytes.") from None


def load_bounded(body: bytes) -> object:
    """JSON of bounded depth.

    Raises:
        BadInput: not JSON, not UTF-8, or nested deeper than any alert is.
    """
    try:
        text = body.decode()
        if _deepest(text) > MAX_DEPTH:
            raise BadInput(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput("The body is not valid JSON.") from None


def _deepest(text: str) -> int:
    """How deep brackets are nested. Those in texts do not count: closing ones would hide the others."""
    depth = deepest = 0
    for character in _TEXT.sub("", text):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
