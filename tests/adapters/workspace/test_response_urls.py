"""What an app may say by a response_url: to whom, in place of what, how often and how long."""

import asyncio

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.workspace import Workspace

from .conftest import N3_A, ON_CALL, Wire, button, new_workspace, open_wire, section

CHANNEL = "C0INC"


async def by_command(workspace: Workspace, wire: Wire, session: aiohttp.ClientSession) -> AsyncWebhookClient:
    """The response_url of a command."""
    await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")
    url = wire.envelopes()[-1]["payload"]["response_url"]
    return AsyncWebhookClient(url, session=session, retry_handlers=[])


async def by_click(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, session: aiohttp.ClientSession
) -> tuple[AsyncWebhookClient, str]:
    """The response_url of a click, and the message that was clicked."""
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()])
    await workspace.click(N3_A.id, CHANNEL, posted["ts"], "sign")
    url = wire.envelopes("block_actions")[-1]["payload"]["response_url"]
    return AsyncWebhookClient(url, session=session, retry_handlers=[]), str(posted["ts"])


async def test_to_whom(workspace: Workspace, wire: Wire, session: aiohttp.ClientSession) -> None:
    """By default to the person alone, where the bot is no member too; `in_channel` to all."""
    hook = await by_command(workspace, wire, session)
    workspace.remove_bot(CHANNEL)
    assert (await hook.send(text="only you")).body == "ok"
    assert [one["text"] for one in workspace.ephemerals(ON_CALL.id)] == ["only you"]
    await hook.send(text="all", response_type="in_channel")
    root = workspace.messages(CHANNEL)[0]
    await hook.send_dict({"text": "below", "response_type": "in_channel", "thread_ts": root["ts"]})
    assert [m["text"] for m in workspace.replies(CHANNEL, root["ts"])] == ["below"]


async def test_in_place_of_what(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """The message that was clicked is replaced or deleted when it is asked for, and stays otherwise."""
    hook, ts = await by_click(workspace, wire, client, session)
    await hook.send(text="beside", blocks=[section("beside")])
    assert workspace.messages(CHANNEL)[0]["text"] == "x"
    await hook.send(text="new", blocks=[section("new")], replace_original=True)
    assert [(m["ts"], m["text"]) for m in workspace.messages(CHANNEL)] == [(ts, "new")]
    assert (await hook.send(delete_original=True)).body == "ok"
    assert workspace.messages(CHANNEL) == []
    gone = await hook.send(text="again", replace_original=True)
    assert (gone.status_code, "message_not_found" in gone.body) == (400, True)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b"{}", b'{"text": ""}', b'{"blocks": [{"type": "alert"}]}', b"[" * 100_000]
)
async def test_what_is_no_answer(
    workspace: Workspace, wire: Wire, session: aiohttp.ClientSession, body: bytes
) -> None:
    """400, and nothing is said."""
    hook = await by_command(workspace, wire, session)
    headers = {"Content-Type": "application/json"}
    async with session.post(hook.url, data=body, headers=headers) as answer:
        assert answer.status == 400
    assert workspace.ephemerals(ON_CALL.id) == []


async def test_how_long(session: aiohttp.ClientSession) -> None:
    """After its half hour (here: at once) it is 404, and nothing is said."""
    workspace = new_workspace(response_url_seconds=0.02)
    await workspace.start()
    wire = await open_wire(workspace, session)
    hook = await by_command(workspace, wire, session)
    await asyncio.sleep(0.03)
    late = await hook.send(text="late")
    assert (late.status_code, "expired_url" in late.body) == (404, True)
    assert workspace.ephemerals(ON_CALL.id) == []
    await wire.socket.close()
    await workspace.stop()


async def test_a_channel_that_is_gone(
    workspace: Workspace, wire: Wire, session: aiohttp.ClientSession
) -> None:
    """404 once the channel was deleted."""
    hook = await by_command(workspace, wire, session)
    workspace.delete_channel(CHANNEL)
    gone = await hook.send(text="late")
    assert (gone.status_code, "channel_not_found" in gone.body) == (404, True)
