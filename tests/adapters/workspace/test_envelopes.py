"""Every envelope, key by key against the shapes that Slack's own SDKs test with."""

import json
from typing import Any

from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Workspace

from . import shapes
from .conftest import BOT, GUEST, N3_A, ON_CALL, WATCHER, Wire, button, modal

CHANNEL = "C0INC"


async def test_hello(wire: Wire) -> None:
    """The first message tells how many connections there are and for which app."""
    hello = wire.got[0]
    assert hello.keys() == shapes.HELLO
    assert hello["debug_info"].keys() == shapes.HELLO_DEBUG
    assert hello["connection_info"] == {"app_id": "A0VIGIE"}
    assert hello["num_connections"] == 1


async def test_mention_arrives_twice_with_one_timestamp(workspace: Workspace, wire: Wire) -> None:
    """One mention is a `message` and an `app_mention`: same ts, different event_id."""
    ts = await workspace.say(ON_CALL.id, CHANNEL, "@vigie <b> & https://example.org/x.")
    (plain,), (mention,) = await wire.wait("message"), await wire.wait("app_mention")
    for envelope in (plain, mention):
        assert envelope.keys() == shapes.EVENTS_ENVELOPE
        assert envelope["payload"].keys() == shapes.EVENT_CALLBACK
        assert envelope["payload"]["authorizations"][0].keys() == shapes.AUTHORIZATION
        assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
        assert envelope["payload"]["event"]["ts"] == ts
    assert plain["payload"]["event"].keys() == shapes.MESSAGE
    assert mention["payload"]["event"].keys() == shapes.APP_MENTION
    assert plain["payload"]["event_id"] != mention["payload"]["event_id"]
    text = "<@U0VIGIE> &lt;b&gt; &amp; <https://example.org/x>."
    assert mention["payload"]["event"]["text"] == text
    elements = mention["payload"]["event"]["blocks"][0]["elements"][0]["elements"]
    assert [one["type"] for one in elements] == ["user", "text", "link", "text"]


async def test_reply_names_its_thread(workspace: Workspace, wire: Wire) -> None:
    """A message in a thread adds thread_ts and parent_user_id, nothing else."""
    ts = await workspace.say(ON_CALL.id, CHANNEL, "slow")
    await workspace.say(N3_A.id, CHANNEL, "yes", thread_ts=ts)
    reply = (await wire.wait("message", 2))[1]["payload"]["event"]
    assert reply.keys() == shapes.MESSAGE | {"thread_ts", "parent_user_id"}
    assert (reply["thread_ts"], reply["parent_user_id"]) == (ts, ON_CALL.id)


async def test_direct_message(workspace: Workspace, wire: Wire) -> None:
    """Direct messages are message.im, without app_mention even when the bot is named."""
    await workspace.say(ON_CALL.id, "D0ONCALL", "@vigie hello")
    (envelope,) = await wire.wait("message")
    assert envelope["payload"]["event"]["channel_type"] == "im"
    await workspace.say(ON_CALL.id, CHANNEL, "@vigie hello")
    assert len(await wire.wait("app_mention")) == 1


async def test_only_where_the_bot_is(workspace: Workspace, wire: Wire) -> None:
    """Nothing arrives from a channel without the bot; a private one is `group`."""
    await workspace.say(ON_CALL.id, "C0ELSE", "@vigie hello")
    await workspace.say(N3_A.id, "C0SECRET", "hello")
    (envelope,) = await wire.wait("message")
    assert envelope["payload"]["event"]["channel_type"] == "group"
    assert wire.envelopes("app_mention") == []


async def test_slash_command(workspace: Workspace, wire: Wire) -> None:
    """A command carries Slack's keys and accepts a payload in its ack."""
    wire.answer = {"text": "hello", "response_type": "in_channel"}
    outcome = await workspace.command(ON_CALL.id, CHANNEL, "/vigie ask why slow")
    (envelope,) = wire.envelopes()
    assert envelope.keys() == shapes.OTHER_ENVELOPE
    assert envelope["accepts_response_payload"] is True
    payload = envelope["payload"]
    assert payload.keys() == shapes.SLASH_COMMAND | {"is_enterprise_install"}
    assert (payload["command"], payload["text"]) == ("/vigie", "ask why slow")
    assert payload["response_url"].startswith(workspace.url)
    assert outcome.ok
    assert workspace.messages(CHANNEL)[0]["text"] == "hello"


async def test_click_in_a_message(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """A click names container, channel, message, state and the button."""
    posted = await client.chat_postMessage(channel=CHANNEL, text="remedy", blocks=[button()])
    assert (await workspace.click(GUEST.id, CHANNEL, posted["ts"], "sign")).ok
    (envelope,) = wire.envelopes("block_actions")
    assert envelope.keys() == shapes.OTHER_ENVELOPE
    payload = envelope["payload"]
    assert payload.keys() == shapes.CLICK_IN_MESSAGE
    assert payload["user"].keys() == shapes.USER
    assert payload["user"]["id"] == GUEST.id
    assert payload["team"].keys() == shapes.TEAM
    assert payload["container"].keys() == shapes.CONTAINER_MESSAGE
    assert payload["actions"][0].keys() == shapes.BUTTON | {"style"}
    assert payload["actions"][0]["value"] == "p-1"
    assert payload["message"]["ts"] == posted["ts"]


async def test_a_shortcut_on_a_message(workspace: Workspace, wire: Wire) -> None:
    """It names the message and its channel; one that the app does not have is not sent."""
    ts = await workspace.say(ON_CALL.id, CHANNEL, "slow")
    assert (await workspace.shortcut(N3_A.id, CHANNEL, ts, "propose_action")).ok
    (envelope,) = wire.envelopes("message_action")
    payload = envelope["payload"]
    assert payload.keys() == shapes.MESSAGE_ACTION
    assert (payload["message"]["text"], payload["user"]["id"]) == ("slow", N3_A.id)
    refused = await workspace.shortcut(N3_A.id, CHANNEL, ts, "another")
    assert (refused.ok, refused.error) == (False, "invalid_shortcut")


async def test_click_in_a_thread_and_ephemeral(
    workspace: Workspace, wire: Wire, client: AsyncWebClient
) -> None:
    """In a thread the container names it; an ephemeral message is not sent back."""
    ts = await workspace.say(ON_CALL.id, CHANNEL, "slow")
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()], thread_ts=ts)
    await workspace.click(N3_A.id, CHANNEL, posted["ts"], "sign")
    whisper = await client.chat_postEphemeral(channel=CHANNEL, user=N3_A.id, text="x", blocks=[button()])
    await workspace.click(N3_A.id, CHANNEL, whisper["message_ts"], "sign")
    threaded, hidden = (one["payload"] for one in wire.envelopes("block_actions"))
    assert threaded["container"].keys() == shapes.CONTAINER_MESSAGE | {"thread_ts"}
    assert hidden.keys() == shapes.CLICK_IN_EPHEMERAL
    assert hidden["container"]["is_ephemeral"] is True


async def test_view_life(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """Click in a view, submission and dismissal, each with its keys and the view's whole shape."""
    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    trigger = wire.envelopes()[0]["payload"]["trigger_id"]
    view = modal(notify_on_close=True)
    view["blocks"].append(button("more"))
    opened = await client.views_open(trigger_id=trigger, view=view)
    assert opened["view"].keys() == shapes.VIEW
    view_id = opened["view"]["id"]
    assert (await workspace.click_view(N3_A.id, view_id, "more")).ok
    assert (await workspace.submit(N3_A.id, view_id, {"why": {"text": "fine"}})).ok
    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    again = await client.views_open(trigger_id=wire.envelopes()[-1]["payload"]["trigger_id"], view=view)
    await workspace.close_view(N3_A.id, again["view"]["id"])
    (click,), (submitted,) = wire.envelopes("block_actions"), wire.envelopes("view_submission")
    (closed,) = wire.envelopes("view_closed")
    assert click["payload"].keys() == shapes.CLICK_IN_VIEW
    assert click["payload"]["container"].keys() == shapes.CONTAINER_VIEW
    assert submitted["accepts_response_payload"] is True
    assert submitted["payload"].keys() == shapes.SUBMISSION
    assert submitted["payload"]["view"].keys() == shapes.VIEW
    entry = {"why": {"text": {"type": "plain_text_input", "value": "fine"}}}
    assert submitted["payload"]["view"]["state"]["values"] == entry
    assert closed["payload"].keys() == shapes.CLOSED


async def test_home_opened_and_group_changed(
    workspace: Workspace, wire: Wire, client: AsyncWebClient
) -> None:
    """Opening Home is an event that shows the published view from then on; a changed group is told."""
    await workspace.open_home(ON_CALL.id)
    (first,) = await wire.wait("app_home_opened")
    assert first["payload"]["event"].keys() == shapes.HOME_OPENED
    await client.views_publish(user_id=ON_CALL.id, view={"type": "home", "blocks": [button()]})
    await workspace.open_home(ON_CALL.id)
    second = (await wire.wait("app_home_opened", 2))[1]["payload"]["event"]
    assert second["view"].keys() == shapes.VIEW
    workspace.set_group_members("S0N3", [ON_CALL.id])
    (changed,) = await wire.wait("subteam_members_changed")
    assert changed["payload"]["event"]["added_users"] == [ON_CALL.id]
    assert changed["payload"]["event"]["removed_users"] == [N3_A.id]


async def test_bots_are_marked(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """What a bot posts carries bot_id, app_id and bot_profile; an edit is a hidden message_changed."""
    await workspace.say(WATCHER.id, CHANNEL, "checkout is slow")
    posted = await client.chat_postMessage(channel=CHANNEL, text="open")
    await client.chat_update(channel=CHANNEL, ts=posted["ts"], text="closed")
    watcher, own, edit = (one["payload"]["event"] for one in await wire.wait("message", 3))
    assert watcher["bot_id"] == "B0WATCH"
    assert (own["bot_id"], own["user"], own["app_id"]) == (BOT.bot_id, BOT.id, "A0VIGIE")
    assert (edit["subtype"], edit["hidden"], edit["message"]["text"]) == ("message_changed", True, "closed")
    assert edit["previous_message"]["text"] == "open"


async def test_sdk_reads_every_envelope(workspace: Workspace, wire: Wire) -> None:
    """Slack's own parser takes our envelopes as requests."""
    await workspace.say(ON_CALL.id, CHANNEL, "@vigie hello")
    for envelope in await wire.wait("app_mention"):
        parsed: Any = SocketModeRequest.from_dict(json.loads(json.dumps(envelope)))
        assert (parsed.type, parsed.retry_attempt) == ("events_api", 0)
