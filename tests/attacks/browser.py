"""A browser whose user has the workspace open, and a foreign page beside it on a server of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from playwright.async_api import Page, Response

NAME = "evil.example"  # a name that the attacker controls; it leads to this machine, as after DNS rebinding


@dataclass
class Foreign:
    """The attacker's server: one page with its script, and every header that anybody sent it."""

    port: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)

    def page(self, host: str) -> str:
        """The page's address under one of the names of this machine."""
        return f"http://{host}:{self.port}/"

    async def answer(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        script = Path(__file__).with_name("hostile_page.js").read_text()
        text = f"<!doctype html><title>Holiday pictures</title><body><script>{script}</script>"
        return web.Response(text=text, content_type="text/html")


@contextlib.asynccontextmanager
async def foreign_server() -> AsyncIterator[Foreign]:
    """On a free port of this machine."""
    foreign = Foreign()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", foreign.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    foreign.port = runner.addresses[0][1]
    yield foreign
    await runner.cleanup()


@dataclass
class Answers:
    """What servers answered to the requests of a page, by method and address."""

    seen: list[tuple[str, str, int]] = field(default_factory=list)

    def watch(self, page: Page) -> Answers:
        page.context.on("response", self._note)
        return self

    def _note(self, response: Response) -> None:
        self.seen.append((response.request.method, response.url, response.status))

    def statuses(self, port: int, *methods: str) -> set[int]:
        """Every status from that port to these methods."""
        return {status for method, url, status in self.seen if f":{port}/" in url and method in methods}
