"""Slack calling over HTTP: the signature and its age are checked by bolt before any listener runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp


def answer(app: AsyncApp) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route for `/slack/events`."""

    async def receive(request: web.Request) -> web.StreamResponse:
        if not _can_be_signed(request):
            return web.Response(status=401)
        try:
            bolt_request = await to_bolt_request(request)
        except UnicodeDecodeError:
            return web.Response(status=400)
        return await to_aiohttp_response(await app.async_dispatch(bolt_request))

    return receive


def _can_be_signed(request: web.Request) -> bool:
    """Whether the headers have the shape that bolt's own check takes for granted."""
    at = request.headers.get("X-Slack-Request-Timestamp", "")
    return (
        at.isascii()
        and at.isdigit()
        and len(at) < 16
        and request.headers.get("X-Slack-Signature", "").isascii()
    )
