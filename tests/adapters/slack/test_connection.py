"""What people are told of the connection is true at that moment, and a courtesy that fails stays one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Channel, Workspace
from bot.slack.channels import UNREADABLE, code_of
from bot.slack.connection import Connection
from bot.slack.edge import Edge
from bot.store.database import Store, sqlite_url
from bot.web.health import Health
from tests.world import BOT, CHANNEL, ON_CALL

NOBODY = cast(Any, None)


class Still:
    """The other parts that health names; here they are all well."""

    problem = ""

    is_ready = True

    def health(self) -> dict[str, object]:
        return {}


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Workspace]:
    made = Workspace(
        people=(ON_CALL, BOT),
        channels=(Channel(CHANNEL, "incidents", members=(ON_CALL.id, BOT.id)),),
        app_id="A0VIGIE",
        bot=BOT,
        bot_token="xoxb-1",
        app_token="xapp-1",
        page_token="page",
        rates={},
    )
    await made.start()
    yield made
    await made.stop()


@contextlib.asynccontextmanager
async def client_of(url: str) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession(trust_env=False) as session:
        yield AsyncWebClient("xoxb-1", url, session=session, retry_handlers=[])


async def test_health_names_a_connection_that_was_lost(place: Workspace, tmp_path: Path) -> None:
    """It says connected while the socket is open, and no more once it broke."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    async with client_of(place.api_url) as client:
        connection = Connection(AsyncApp(client=client), client, place.app_token)
        health = Health(store, connection, Still(), Still(), "")
        assert (await health.read())["slack"] == "not connected yet"
        connection.start()
        await connection.settled.wait()
        assert (await health.read())["slack"] == "connected"
        place.faults.down(3600)
        async with asyncio.timeout(10):
            while (await health.read())["slack"] == "connected":
                await asyncio.sleep(0.02)
        assert (await health.read())["slack"] == "connection lost; connecting again"
        await connection.stop()
    store.close()


async def test_health_says_why_messages_wait(place: Workspace, tmp_path: Path) -> None:
    """The newest reason stands there as long as a message waits for it, and is gone when all are sent."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    async with client_of(place.api_url) as client:
        health = Health(store, Connection(AsyncApp(client=client), client, "xapp-1"), Still(), Still(), "")
        assert (await health.read())["message_problem"] is None
        with store.begin() as tx:
            for seconds, problem in enumerate(("older", "newest", ""), start=1):
                tx.posts.want(problem, "incidents", "text")
                post = tx.posts.get(problem)
                assert post is not None
                if problem:
                    tx.posts.later(post, timedelta(seconds=seconds), problem, False)
        found = await health.read()
        assert (found["messages_waiting"], found["message_problem"]) == (3, "newest")
        with store.begin() as tx:
            for post in tx.posts.unsent():
                tx.posts.sent(post, CHANNEL, "1.1")
        assert (await health.read())["message_problem"] is None
    store.close()


async def test_a_courtesy_whose_answer_is_lost_breaks_nothing(place: Workspace) -> None:
    """The connection ends without an answer while a person is told: the listener goes on."""
    place.faults.drop_answer("chat.postEphemeral")
    async with client_of(place.api_url) as client:
        edge = Edge(NOBODY, NOBODY, NOBODY, NOBODY, client)
        await edge.tell({"channel_id": CHANNEL, "user_id": ON_CALL.id}, "no")
    assert len(place.calls("chat.postEphemeral")) == 1


async def test_a_broken_answer_at_the_start_is_tried_again() -> None:
    """Broken JSON is Slack being away, not the end of the connection; and its code says so."""

    async def broken(request: web.Request) -> web.Response:
        return web.Response(text='{"ok": tr', content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/api/{method}", broken)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with client_of(f"http://127.0.0.1:{runner.addresses[0][1]}/api/") as client:
        with pytest.raises(SlackApiError) as refused:
            await client.auth_test()
        assert code_of(refused.value) == UNREADABLE
        connection = Connection(AsyncApp(client=client), client, "xapp-1")
        connection.start()
        async with asyncio.timeout(5):
            await connection.settled.wait()
        assert await connection.trouble() == "Slack does not answer: SlackApiError"
        await connection.stop()
    await runner.cleanup()
