"""Plays back the answers that were recorded with a case, over the protocol that a model speaks.

It shows that cases and checks work without a model at hand. It says nothing about any model.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from bot.evaluate.cases import Case


class Playback:
    """A server on loopback; `url` is its base URL, `play` says whose answers come next."""

    def __init__(self) -> None:
        self.url = ""
        self._answers: Sequence[Mapping[str, Any]] = ()
        self._next = 0

    async def play(self, case: Case) -> None:
        """From now on the answers of this case, in turn."""
        self._answers, self._next = case.answers, 0

    async def _complete(self, request: web.Request) -> web.Response:
        await request.read()
        if not self._answers:
            return web.json_response({"error": {"message": "no answer was recorded"}}, status=404)
        message = self._answers[self._next % len(self._answers)]
        self._next += 1
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        choice = {"index": 0, "message": dict(message), "finish_reason": reason}
        shell = {"id": "recorded", "object": "chat.completion", "created": 0, "model": "recorded"}
        return web.json_response({**shell, "choices": [choice]})


@asynccontextmanager
async def playback() -> AsyncIterator[Playback]:
    """The server, for as long as the block lasts."""
    made = Playback()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", made._complete)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}/v1"
        yield made
    finally:
        await runner.cleanup()
