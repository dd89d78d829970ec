"""A stretch of network between Vigie and Slack, on which answers break or do not come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient


@dataclass
class Wire:
    """Answers of `garbled` methods arrive broken; what names a `held` channel, or is such a method, hangs."""

    slack: str
    garbled: list[str] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    hanging: list[str] = field(default_factory=list)

    async def pass_on(self, request: web.Request) -> web.Response:
        method, body = request.match_info["method"], await request.read()
        for channel, released in self.held.items():
            if channel.encode() in body or channel == method:
                self.hanging.append(channel)
                await released.wait()
        kept = ("Authorization", "Content-Type")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        async with (
            aiohttp.ClientSession(trust_env=False) as session,
            session.request(
                request.method, self.slack + method, params=request.query, data=body, headers=headers
            ) as answer,
        ):
            whole = await answer.read()
        if method in self.garbled:
            self.garbled.remove(method)
            whole = whole[:-5]
        return web.Response(body=whole, content_type="application/json")


@contextlib.asynccontextmanager
async def wired(client: AsyncWebClient) -> AsyncIterator[Wire]:
    """What the client asks of Slack goes over a wire of its own."""
    wire = Wire(client.base_url)
    app = web.Application()
    app.add_routes([web.route("*", "/api/{method}", wire.pass_on)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield wire
    await runner.cleanup()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)
