"""Slack calling over HTTP: signature and age are checked over the raw body, before any of it is read."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

log = structlog.get_logger()

PATH = "/slack/events"
_BODY_TIMEOUT_S = 10.0
_COMPLAINT_PAUSE_S = 60.0


class HttpMode:
    """The route for `/slack/events`. What is refused changes nothing; the log says so, once a minute."""

    def __init__(
        self,
        app: AsyncApp,
        signing_secret: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        is_connected: Callable[[], bool] = lambda: True,
    ) -> None:
        self._is_connected = is_connected
        self._app = app
        self._verifier = SignatureVerifier(signing_secret)
        self._now = now
        self._called_at: datetime | None = None
        self._complained = float("-inf")

    def called_at(self) -> datetime | None:
        """When Slack last called; None means that its request URL does not lead here, or not yet."""
        return self._called_at

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """401 for what Slack did not sign, 400 for what nobody can read; else what the listeners answer."""
        try:
            text = (await asyncio.wait_for(request.read(), _BODY_TIMEOUT_S)).decode()
        except TimeoutError:
            return web.Response(status=408)
        except UnicodeDecodeError:
            return web.Response(status=400)
        if not self._is_from_slack(request, text):
            self._complain()
            return web.Response(status=401)
        self._called_at = self._now()
        try:
            asked = _bolt_request(request, text)
        except (ValueError, RecursionError):
            return web.Response(status=400)
        if not self._is_connected() and asked.body.get("type") != "url_verification":
            return web.Response(status=503)  # who is who cannot be asked yet; Slack brings events again
        answer = await self._app.async_dispatch(asked)
        if answer.status == 404 and asked.body.get("type") == "event_callback":
            # Bolt's word for an event that no listener wants. Slack would send it three times more.
            return web.Response()
        return await to_aiohttp_response(answer)

    def _is_from_slack(self, request: web.Request, text: str) -> bool:
        at = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        # The shape that the library takes for granted: a number, and text that can be compared.
        if not (at.isascii() and at.isdigit() and len(at) < 16 and signature.isascii()):
            return False
        return self._verifier.is_valid(text, at, signature)

    def _complain(self) -> None:
        if time.monotonic() - self._complained > _COMPLAINT_PAUSE_S:
            self._complained = time.monotonic()
            log.warning("a call was refused: Slack did not sign it with SLACK_SIGNING_SECRET", path=PATH)


def _bolt_request(request: web.Request, text: str) -> AsyncBoltRequest:
    """The request as bolt wants it, which checks the signature once more.

    Read here, as bolt itself takes any form that has the word "payload" in it for an interaction: a command
    such as `/vigie search payload` would reach nobody.

    Raises:
        ValueError, RecursionError: it is no JSON object and no form.
    """
    kept = ("Content-Type", "X-Slack-Signature", "X-Slack-Request-Timestamp")
    headers: dict[str, str | Sequence[str]] = {
        name: request.headers[name] for name in kept if name in request.headers
    }
    asked = AsyncBoltRequest(body=_parsed(text, request.content_type), headers=headers, mode="socket_mode")
    asked.mode, asked.raw_body = "http", text
    return asked


def _parsed(text: str, content_type: str) -> dict[str, Any]:
    if content_type != "application/json":
        form = dict(parse_qsl(text, keep_blank_values=True))
        if "payload" not in form:
            return form
        text = form["payload"]
    body = json.loads(text)
    if not isinstance(body, dict):
        raise ValueError("no object")
    return body
