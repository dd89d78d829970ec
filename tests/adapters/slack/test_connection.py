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

import bot.slack.connection as connection_module
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.records import News
from bot.errors import Misconfigured, Refused, Stranger
from bot.playground.workspace import Channel, Workspace
from bot.slack.answers import UNREADABLE, code_of
from bot.slack.connection import Connection
from bot.slack.edge import Edge, guarded
from bot.slack.people import People
from bot.slack.refusals import TOKEN_REMEDIES
from bot.slack.snapshots import Snapshots
from bot.store.database import Store, sqlite_url
from bot.web.health import Health
from tests.wire import until
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


async def test_health_says_what_waits_and_how_people_are_reached_otherwise(tmp_path: Path) -> None:
    """Messages by kind, each second way with its problem, and the last heartbeat; and what is not set."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))

    class Away:
        async def trouble(self) -> str:
            return "SLACK_BOT_TOKEN was revoked"

    bare = await Health(store, Away(), Still(), Still(), "").read()
    assert "[fallback]" in str(bare["second_way"]) and "[heartbeat_out]" in str(bare["heartbeat_out"])
    with store.begin() as tx:
        alert = Alert("alertmanager", "a", AlertStatus.FIRING, Severity.CRITICAL, "shop", "prod", tx.now)
        incident = tx.incidents.open(alert, "Orders are stuck", None)
        for key, kind in (("card", "incident"), ("p1", "proposal"), ("p2", "proposal")):
            tx.posts.want(key, "incidents", kind, incident.id)
        tx.notices.want(incident.id, News.OPENED, Severity.CRITICAL, "e-mail", "Slack is down")
        tx.notices.later(tx.notices.unsent("e-mail")[0], timedelta(seconds=1), "no room left")
        tx.heartbeat.tried("The sweep has done nothing for 20 s.")
    found = await Health(store, Away(), Still(), Still(), "", ["webhook", "e-mail"], True).read()
    assert (found["slack"], found["messages_waiting"]) == ("SLACK_BOT_TOKEN was revoked", 3)
    assert found["waiting_by_kind"] == {"incident": 1, "proposal": 2}
    ways = cast(dict[str, dict[str, object]], found["second_way"])
    assert (ways["e-mail"]["waiting"], ways["e-mail"]["problem"]) == (1, "no room left")
    assert (ways["webhook"]["waiting"], ways["webhook"]["problem"]) == (0, None)
    assert found["heartbeat_out"] == {"last_sent": None, "problem": "The sweep has done nothing for 20 s."}
    store.close()


@contextlib.asynccontextmanager
async def connecting(place: Workspace) -> AsyncIterator[Connection]:
    """A connection that was started, and ends with the block whatever happens in it."""
    async with client_of(place.api_url) as client:
        connection = Connection(AsyncApp(client=client), client, place.app_token)
        connection.start()
        try:
            yield connection
        finally:
            await connection.stop()


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive", "invalid_auth"])
async def test_a_token_that_is_refused_later_does_not_end_it(
    place: Workspace, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, sends nothing meanwhile, and goes on by itself when the token works again."""
    monkeypatch.setattr(connection_module, "_RETRY_S", 0.05)
    async with connecting(place) as connection:
        await connection.settled.wait()
        assert await connection.is_connected()
        place.revoke_token(code)
        connection.doubt(code)
        await until(lambda: len(place.calls("auth.test")) > 3 or connection._fatal.done())
        assert not connection._fatal.done()
        assert not await connection.is_connected()
        assert await connection.trouble() == (
            f"SLACK_BOT_TOKEN is not valid, Slack says {code}. {TOKEN_REMEDIES[code]}"
        )
        place.reinstall()
        async with asyncio.timeout(5):
            while not await connection.is_connected():
                await asyncio.sleep(0.02)
        assert await connection.trouble() == ""


async def test_a_token_that_is_refused_after_an_outage_does_not_end_it(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vigie has taken alerts in by then; only a token that is refused at the very first ends the start."""
    monkeypatch.setattr(connection_module, "_RETRY_S", 0.05)
    place.faults.down(3600)
    place.revoke_token()
    async with connecting(place) as connection:
        await connection.settled.wait()
        place.faults.clear()
        async with asyncio.timeout(5):
            while "revoked" not in await connection.trouble():
                await asyncio.sleep(0.02)
        assert not connection._fatal.done()
    async with connecting(place) as first:
        with pytest.raises(Misconfigured, match="revoked"):
            await asyncio.wait_for(first.wait_fatal(), 5)


async def test_a_person_who_cannot_be_told_on_the_spot_is_told_by_the_outbox(
    place: Workspace, tmp_path: Path
) -> None:
    """Vigie was removed from the channel: the words wait as a direct message, once, with what to press."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    place.remove_bot(CHANNEL)
    body = {"channel": {"id": CHANNEL}, "user": {"id": ON_CALL.id}, "trigger_id": "1.2"}
    async with client_of(place.api_url) as client:
        edge = Edge(NOBODY, store, NOBODY, NOBODY, client)
        for _ in range(2):
            await edge.tell(body, "not now", {"action_id": "sign_open", "value": "7"})
    with store.read() as tx:
        (post,) = tx.posts.unsent()
    text, blocks = cast(Any, Snapshots(store, NOBODY).render(post))
    assert (post.channel, "not now" in str(blocks)) == (ON_CALL.id, True)
    assert blocks[-1]["elements"][0]["action_id"] == "sign_open"
    assert text
    store.close()


async def test_a_stranger_makes_vigie_write_to_nobody(place: Workspace, tmp_path: Path) -> None:
    """Whoever is refused as a guest is told on the spot or not at all; a member's refusal waits for them."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    place.remove_bot(CHANNEL)
    body = {"channel": {"id": CHANNEL}, "user": {"id": "U0OUTSIDE"}, "trigger_id": "1.2"}
    async with client_of(place.api_url) as client:
        edge = Edge(NOBODY, store, NOBODY, NOBODY, client)

        async def acked() -> None: ...

        for error, kept in ((Stranger("no"), 0), (Refused("no"), 1)):

            async def refuses(error: Exception = error, **_: object) -> None:
                raise error

            await guarded(edge, refuses)(ack=acked, body=body, client=None, respond=None)
            with store.read() as tx:
                assert len(tx.posts.unsent()) == kept
    store.close()


@pytest.mark.parametrize("code, refused", [("user_not_found", Stranger), ("token_revoked", Refused)])
async def test_who_cannot_be_told_apart_now_is_no_guest(
    place: Workspace, code: str, refused: type[Refused]
) -> None:
    """Slack refuses to say who it is: nothing is done, and nobody is called a guest for it."""
    place.faults.fail("users.info", code)
    async with client_of(place.api_url) as client:
        with pytest.raises(Refused) as said:
            await People(client, lambda: "T0VIGIE").member("T0VIGIE", ON_CALL.id)
    assert type(said.value) is refused


async def test_a_courtesy_that_cannot_even_be_kept_breaks_nothing(place: Workspace, tmp_path: Path) -> None:
    """Slack refuses and the store does, too: no exception leaves the listener."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    store.close()
    (tmp_path / "vigie.sqlite").unlink()
    place.remove_bot(CHANNEL)
    async with client_of(place.api_url) as client:
        edge = Edge(NOBODY, store, NOBODY, NOBODY, client)
        await edge.tell({"channel_id": CHANNEL, "user_id": ON_CALL.id, "trigger_id": "1"}, "no")
    assert len(place.calls("chat.postEphemeral")) == 1


async def test_a_courtesy_whose_answer_is_lost_breaks_nothing(place: Workspace, tmp_path: Path) -> None:
    """The connection ends without an answer while a person is told: the listener goes on, the words wait."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    place.faults.drop_answer("chat.postEphemeral")
    async with client_of(place.api_url) as client:
        edge = Edge(NOBODY, store, NOBODY, NOBODY, client)
        await edge.tell({"channel_id": CHANNEL, "user_id": ON_CALL.id, "trigger_id": "1"}, "no")
    assert len(place.calls("chat.postEphemeral")) == 1
    with store.read() as tx:
        assert [post.channel for post in tx.posts.unsent()] == [ON_CALL.id]
    store.close()


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
        assert await connection.trouble() == "Slack does not answer: what came cannot be read"
        await connection.stop()
    await runner.cleanup()


async def test_before_our_own_team_is_known_nobody_is_a_stranger(place: Workspace) -> None:
    """Slack may call while Vigie still connects: it cannot be said yet who that is."""
    async with client_of(place.api_url) as client:
        people = People(client, lambda: "")
        assert await people.standing("T0VIGIE", ON_CALL.id) is None
        with pytest.raises(Refused) as said:
            await people.member("T0VIGIE", ON_CALL.id)
    assert type(said.value) is Refused


async def test_no_answer_about_a_person_is_no_refusal_for_good() -> None:
    """Nothing answers when Slack is asked who somebody is: they are told to try again."""
    async with client_of("http://127.0.0.1:9/api/") as client:
        with pytest.raises(Refused) as said:
            await People(client, lambda: "T0VIGIE").member("T0VIGIE", ON_CALL.id)
    assert "try again" in str(said.value)
