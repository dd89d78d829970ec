"""A socket for the commands of this host: `vigie search` asks the running `serve`, which owns the index."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
from aiohttp import web

from knowledge.model import Query, SearchResult

SOCKET = "vigie.sock"
MAX_BODY = 64 * 1024
MOST_OF_A_NAME = 100  # bytes; Linux takes 107


class Library(Protocol):
    def search(self, query: Query, k: int) -> SearchResult: ...


class LocalSocket:
    """Answers on a Unix socket in the data folder, which only its owner can open."""

    def __init__(self, folder: Path, knowledge: Library) -> None:
        self._path = folder / SOCKET
        self._knowledge = knowledge
        self._app = web.Application(client_max_size=MAX_BODY)
        self._app.router.add_post("/search", self._search)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._runner = web.AppRunner(self._app, access_log=None)
        await self._runner.setup()
        # The folder is 0700 already; the mask closes the moment before chmod all the same.
        mask = os.umask(0o177)
        try:
            with reachable(self._path) as path:
                await web.UnixSite(self._runner, path).start()
        finally:
            os.umask(mask)

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()
        self._path.unlink(missing_ok=True)

    async def _search(self, request: web.Request) -> web.Response:
        asked = await request.json()
        found = await asyncio.to_thread(self._knowledge.search, Query(str(asked["query"])), int(asked["k"]))
        return web.json_response(found.as_values())


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name of the socket that the kernel takes: in a deep folder the whole path is too long for it."""
    if len(os.fsencode(path)) <= MOST_OF_A_NAME:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


async def ask(folder: Path, path: str, body: dict[str, object]) -> dict[str, Any]:
    """Ask the running `serve`.

    Raises:
        aiohttp.ClientError: it does not answer.
    """
    with reachable(folder / SOCKET) as socket:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket)) as session,
            session.post(f"http://vigie{path}", json=body) as answer,
        ):
            answer.raise_for_status()
            given: dict[str, Any] = await answer.json()
            return given
