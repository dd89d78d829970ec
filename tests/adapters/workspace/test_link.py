"""Socket Mode itself: tickets, redelivery, lost acks, many connections, ping, outage."""

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Workspace

from . import shapes
from .conftest import APP_TOKEN, BOT_TOKEN, ON_CALL, Wire, button, client_for, new_workspace, open_wire

CHANNEL = "C0INC"


async def test_ticket_opens_one_socket(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """A ticket that was used, or never given, opens nothing."""
    opened = await client_for(workspace, session).apps_connections_open(app_token=APP_TOKEN)
    socket = await session.ws_connect(opened["url"])
    for url in (opened["url"], f"{workspace.url}/link?ticket=guessed", f"{workspace.url}/link"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url)
        assert refused.value.status == 403
    await socket.close()


async def test_tickets_need_the_app_token(client: AsyncWebClient) -> None:
    """The bot token opens no socket, and the app token posts nothing."""
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=BOT_TOKEN)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.chat_postMessage(channel=CHANNEL, text="x", token=APP_TOKEN)


async def test_unacked_event_comes_again(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """Without an ack an event is delivered four times in all: same event_id, counted, with the reason."""
    workspace = new_workspace(ack_seconds=0.05)
    await workspace.start()
    wire = await open_wire(workspace, session, acks=False)
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    envelopes = await wire.wait("message", 4)
    await asyncio.sleep(0.2)
    assert len(wire.envelopes("message")) == 4
    assert [one["retry_attempt"] for one in envelopes] == [0, 1, 2, 3]
    assert [one["retry_reason"] for one in envelopes] == ["", "timeout", "timeout", "timeout"]
    assert len({one["payload"]["event_id"] for one in envelopes}) == 1
    assert len({one["envelope_id"] for one in envelopes}) == 4
    await wire.socket.close()
    await workspace.stop()


async def test_event_waits_for_a_connection(session: aiohttp.ClientSession) -> None:
    """What happens while nobody is connected arrives as a retry."""
    workspace = new_workspace(retry_pauses=(0.3, 0.3))
    await workspace.start()
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    await asyncio.sleep(0.02)
    wire = await open_wire(workspace, session)
    (envelope,) = await wire.wait("message")
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (1, "connection_failed")
    await wire.socket.close()
    await workspace.stop()


async def test_clicks_and_commands_come_once(
    workspace: Workspace, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    """An interaction that nobody acks is not repeated; its user sees the time-out."""
    wire = await open_wire(workspace, session, acks=False)
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()])
    assert (await workspace.click(ON_CALL.id, CHANNEL, posted["ts"], "sign")).error == "operation_timeout"
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")).error == "operation_timeout"
    assert len(wire.envelopes("block_actions")) == 1
    assert len([one for one in wire.envelopes() if one["type"] == "slash_commands"]) == 1
    await wire.socket.close()


async def test_nobody_connected(workspace: Workspace) -> None:
    """A command without an app fails at once."""
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")).error == "dispatch_failed"
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/other")).error == "invalid_command"


async def test_ordered_redelivery(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """`redeliver(3)` brings every envelope three times though it was acked."""
    workspace.faults.redeliver(3)
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    envelopes = await wire.wait("message", 3)
    assert [one["retry_attempt"] for one in envelopes] == [0, 1, 2]
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()])
    assert (await workspace.click(ON_CALL.id, CHANNEL, posted["ts"], "sign")).ok
    clicks = await wire.wait("block_actions", 3)
    assert len({one["payload"]["trigger_id"] for one in clicks}) == 1


async def test_lost_ack_means_one_more_delivery(workspace: Workspace, wire: Wire) -> None:
    """When the ack of an event is lost, the event comes once more."""
    workspace.faults.drop_acks()
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    assert len(await wire.wait("message", 2)) == 2
    await asyncio.sleep(0.2)
    assert len(wire.envelopes("message")) == 2


async def test_any_of_many_connections(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """Ten connections share the envelopes; an eleventh is sent away."""
    wires = [await open_wire(workspace, session) for _ in range(10)]
    assert [wire.got[0]["num_connections"] for wire in wires] == list(range(1, 11))
    for number in range(20):
        await workspace.say(ON_CALL.id, CHANNEL, f"message {number}")
    async with asyncio.timeout(3):
        while sum(len(wire.envelopes()) for wire in wires) < 20:
            await asyncio.sleep(0.005)
    assert {len(wire.envelopes()) for wire in wires} == {2}
    late = await open_wire(workspace, session)
    assert late.got[0].keys() == shapes.DISCONNECT
    assert late.got[0]["reason"] == "too_many_websockets"
    await asyncio.gather(*(wire.socket.close() for wire in [*wires, late]))


async def test_disconnect_is_announced(workspace: Workspace, wire: Wire) -> None:
    """The connection is told to refresh before it is closed, and gets nothing more."""
    await workspace.faults.disconnect()
    async with asyncio.timeout(3):
        while len(wire.got) < 2:
            await asyncio.sleep(0.005)
    assert wire.got[1].keys() == shapes.DISCONNECT
    assert wire.got[1]["reason"] == "refresh_requested"
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    async with asyncio.timeout(3):
        while not wire.socket.closed:
            await asyncio.sleep(0.005)
    assert wire.envelopes() == []


async def test_ping_is_echoed(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """A ping's payload comes back: the SDK reads the time from it to know that the socket lives."""
    opened = await client_for(workspace, session).apps_connections_open(app_token=APP_TOKEN)
    socket = await session.ws_connect(opened["url"], autoping=False)
    await socket.receive_json()
    await socket.ping(b"sdk-ping-pong:1.5")
    pong = await socket.receive(timeout=3)
    assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")
    await socket.close()


async def test_outage(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """While it is down the API answers 503 and sockets break; afterwards all works again."""
    workspace.faults.down(0.3)
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.status_code == 503
    async with asyncio.timeout(3):
        while not wire.socket.closed:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.3)
    assert (await client.auth_test())["bot_id"] == "B0VIGIE"
