"""What an administrator does: channels go away, the bot is removed, tokens are revoked, groups change."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import ALL_EVENTS, DEFAULT_SCOPES, Refused, UserGroup, Workspace

from . import shapes
from .conftest import BOT, N3_A, ON_CALL, Wire, button, client_for, new_workspace, open_wire
from .test_api import refusal

CHANNEL = "C0INC"
SCOPES = (*DEFAULT_SCOPES, "channels:join", "usergroups:write", "files:read", "reactions:read")


@pytest.fixture
async def told(session: aiohttp.ClientSession) -> Any:  # noqa: ANN401 - three parts
    """A workspace whose app is subscribed to everything, its socket and its client."""
    workspace = new_workspace(events=ALL_EVENTS, scopes=SCOPES)
    await workspace.start()
    wire = await open_wire(workspace, session)
    yield workspace, wire, client_for(workspace, session)
    await wire.socket.close()
    await workspace.stop()


Told = tuple[Workspace, Wire, AsyncWebClient]


async def event_of(wire: Wire, kind: str) -> dict[str, Any]:
    """The newest event of that kind."""
    return dict((await wire.wait(kind))[-1]["payload"]["event"])


async def test_every_event_has_the_keys_that_slack_gives_it(told: Told) -> None:
    """All that can be heard, made once each."""
    workspace, wire, client = told
    for channel in (CHANNEL, "C0SECRET"):
        workspace.archive(channel)
        workspace.unarchive(channel)
        ts = (await client.chat_postMessage(channel=channel, text="x"))["ts"]
        workspace.react(N3_A.id, channel, ts, "eyes")
        workspace.react(N3_A.id, channel, ts, "eyes")
        workspace.remove_bot(channel)
        workspace.add_bot(channel)
    done = await client.files_upload_v2(filename="a.txt", content="a", channel=CHANNEL)
    await client.files_delete(file=done["file"]["id"])
    workspace.set_group_members("S0N3", [ON_CALL.id])
    workspace.delete_channel(CHANNEL)
    workspace.delete_channel("C0SECRET")
    workspace.uninstall()
    assert {kind: (await event_of(wire, kind)).keys() for kind in shapes.EVENTS} == shapes.EVENTS


async def test_an_archived_channel_can_be_read_only(told: Told) -> None:
    """Each method says it in its own word; people cannot write either; all works again when it is back."""
    workspace, wire, client = told
    posted = await client.chat_postMessage(channel=CHANNEL, text="before", blocks=[button()])
    assert (await workspace.click(ON_CALL.id, CHANNEL, posted["ts"], "sign")).ok
    url = wire.envelopes("block_actions")[0]["payload"]["response_url"]
    workspace.archive(CHANNEL, N3_A.id)
    await event_of(wire, "channel_archive")
    place: dict[str, Any] = {"channel": CHANNEL}
    for call, error in (
        (client.chat_postMessage(**place, text="x"), "is_archived"),
        (client.chat_postEphemeral(**place, user=ON_CALL.id, text="x"), "is_archived"),
        (client.chat_update(**place, ts=posted["ts"], text="x"), "is_inactive"),
        (client.reactions_add(**place, timestamp=posted["ts"], name="eyes"), "is_archived"),
        (client.conversations_join(**place), "is_archived"),
        (client.files_upload_v2(filename="a", content="a", **place), "posting_to_channel_denied"),
    ):
        assert (await refusal(call))["error"] == error
    with pytest.raises(Refused, match="is_archived"):
        await workspace.say(ON_CALL.id, CHANNEL, "x")
    async with aiohttp.ClientSession() as session, session.post(url, json={"text": "x"}) as answer:
        assert answer.status == 400
    assert (await client.conversations_info(**place))["channel"]["is_archived"] is True
    assert len((await client.conversations_history(**place))["messages"]) == 1
    for excluded, names in ((True, ["elsewhere"]), (False, ["incidents", "elsewhere"])):
        listed = await client.conversations_list(exclude_archived=excluded)
        assert [channel["name"] for channel in listed["channels"]] == names
    workspace.unarchive(CHANNEL)
    await event_of(wire, "channel_unarchive")
    await client.chat_postMessage(**place, text="after")


async def test_a_deleted_channel_is_not_found(told: Told) -> None:
    """Whatever is tried; the app is told, of a private channel as group_deleted."""
    workspace, wire, client = told
    posted = await client.chat_postMessage(channel=CHANNEL, text="before")
    workspace.delete_channel(CHANNEL, N3_A.id)
    await event_of(wire, "channel_deleted")
    for call in (
        client.chat_postMessage(channel=CHANNEL, text="x"),
        client.chat_update(channel=CHANNEL, ts=posted["ts"], text="x"),
        client.conversations_info(channel=CHANNEL),
        client.conversations_replies(channel=CHANNEL, ts=posted["ts"]),
    ):
        assert (await refusal(call))["error"] == "channel_not_found"
    workspace.delete_channel("C0SECRET")
    assert (await event_of(wire, "group_deleted"))["channel"] == "C0SECRET"


@pytest.mark.parametrize(
    ("channel", "left", "kind", "error"),
    [
        (CHANNEL, "channel_left", "C", "not_in_channel"),
        ("C0SECRET", "group_left", "G", "channel_not_found"),
    ],
)
async def test_a_removed_bot_is_out(told: Told, channel: str, left: str, kind: str, error: str) -> None:
    """It hears no more and may not write; a private channel is gone for it; invited, it is back."""
    workspace, wire, client = told
    workspace.remove_bot(channel)
    assert (await event_of(wire, left))["channel"] == channel
    event = await event_of(wire, "member_left_channel")
    assert (event["user"], event["channel_type"]) == (BOT.id, kind)
    await workspace.say(N3_A.id, channel, "@vigie are you there?")
    assert (await refusal(client.chat_postMessage(channel=channel, text="x")))["error"] == error
    workspace.add_bot(channel)
    await event_of(wire, "member_joined_channel")
    await client.chat_postMessage(channel=channel, text="back")
    assert [one["payload"]["event"]["text"] for one in await wire.wait("message")] == ["back"]


async def test_a_public_channel_can_be_joined(told: Told) -> None:
    """A second join only warns."""
    _, _, client = told
    assert (await client.conversations_join(channel="C0ELSE"))["channel"]["is_member"] is True
    assert (await client.conversations_join(channel="C0ELSE"))["warning"] == "already_in_channel"


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive", "invalid_auth"])
async def test_a_revoked_token(told: Told, error: str) -> None:
    """Every method refuses it; what people do still arrives, and can be answered in the ack alone."""
    workspace, wire, client = told
    workspace.revoke_token(error)
    assert (await event_of(wire, "tokens_revoked"))["tokens"] == {"oauth": [], "bot": [BOT.id]}
    for call in (client.auth_test(), client.chat_postMessage(channel=CHANNEL, text="x")):
        assert (await refusal(call))["error"] == error
    wire.answer = {"text": "still here"}
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")).response == "still here"
    workspace.reinstall()
    await client.chat_postMessage(channel=CHANNEL, text="x")


async def test_an_uninstalled_app_hears_nothing(told: Told) -> None:
    """Told once, then its token is of no use, its command unknown, and nothing is delivered."""
    workspace, wire, client = told
    workspace.uninstall()
    await event_of(wire, "app_uninstalled")
    await event_of(wire, "tokens_revoked")
    assert (await refusal(client.auth_test()))["error"] == "account_inactive"
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")).error == "invalid_command"
    await workspace.say(ON_CALL.id, CHANNEL, "@vigie hello")
    await asyncio.sleep(0.05)
    assert wire.envelopes("message") == wire.envelopes("app_mention") == []


async def test_the_app_gives_its_token_up(client: AsyncWebClient) -> None:
    """auth.revoke, which can be tried first."""
    assert (await client.auth_revoke(test=True))["revoked"] is False
    assert (await client.auth_revoke())["revoked"] is True
    assert (await refusal(client.auth_test()))["error"] == "token_revoked"


async def test_groups_change(told: Told) -> None:
    """Each change is told as members and as a whole; a disabled group is not found."""
    workspace, wire, client = told
    updated = await client.usergroups_users_update(usergroup="S0N3", users=[ON_CALL.id, N3_A.id])
    assert updated["usergroup"]["users"] == [ON_CALL.id, N3_A.id]
    assert (await event_of(wire, "subteam_members_changed"))["added_users"] == [ON_CALL.id]
    assert (await event_of(wire, "subteam_updated"))["subteam"]["user_count"] == 2
    for users, error in (([], "no_users_provided"), (["U0X"], "invalid_users")):
        wrong = client.usergroups_users_update(usergroup="S0N3", users=users)
        assert (await refusal(wrong))["error"] == error
    workspace.set_group(UserGroup("S0N3", "n3", "N3", (), is_disabled=True))
    gone = await refusal(client.usergroups_users_list(usergroup="S0N3"))
    assert gone["error"] == "no_such_subteam"
    assert (await client.usergroups_list())["usergroups"] == []
    assert len((await client.usergroups_list(include_disabled=True))["usergroups"]) == 1


async def test_a_warning_comes_before_the_end(session: aiohttp.ClientSession) -> None:
    """A warned socket is still used, then it is asked to leave."""
    workspace = new_workspace(warning_seconds=0.1)
    await workspace.start()
    wire = await open_wire(workspace, session)
    await workspace.disconnect("warning")
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    await wire.wait("message")
    async with asyncio.timeout(3):
        while not wire.socket.closed:
            await asyncio.sleep(0.005)
    goodbyes = [one for one in wire.got if one["type"] == "disconnect"]
    assert [one["reason"] for one in goodbyes] == ["warning", "refresh_requested"]
    assert goodbyes[0].keys() == shapes.DISCONNECT
    await workspace.stop()


async def test_a_broken_line_says_nothing(workspace: Workspace, wire: Wire) -> None:
    """Without a disconnect message and without a close."""
    await workspace.disconnect(None)
    async with asyncio.timeout(3):
        while not wire.socket.closed:
            await asyncio.sleep(0.005)
    assert [one for one in wire.got if one["type"] == "disconnect"] == []
    assert workspace.connections == 0


async def test_what_the_app_did_not_subscribe_to_is_not_told(workspace: Workspace, wire: Wire) -> None:
    """Neither is what it lacks the scope for."""
    workspace.archive(CHANNEL)
    workspace.unarchive(CHANNEL)
    workspace.remove_bot("C0SECRET")
    workspace.set_group_members("S0N3", [N3_A.id])
    await asyncio.sleep(0.05)
    assert wire.envelopes() == []
