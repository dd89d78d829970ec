"""The Web API through Slack's own client: tokens, scopes, limits, rates, threads, history, lost answers."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.playground.workspace import DEFAULT_RATES, DEFAULT_SCOPES, Rate, Workspace
from bot.playground.workspace.api import METHODS

from .conftest import (
    BOT,
    GUEST,
    N3_A,
    ON_CALL,
    Wire,
    button,
    client_for,
    modal,
    new_workspace,
    open_wire,
    section,
)

CHANNEL = "C0INC"


async def refusal(call: Any) -> Any:  # noqa: ANN401 - the SDK's response
    """The answer of a call that must be refused."""
    with pytest.raises(SlackApiError) as refused:
        await call
    return refused.value.response


async def test_whose_token(workspace: Workspace, client: AsyncWebClient) -> None:
    """auth.test names bot and team, and the header the scopes."""
    answer = await client.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == (BOT.id, BOT.bot_id, "T0VIGIE")
    assert answer.headers["x-oauth-scopes"] == ",".join(DEFAULT_SCOPES)


@pytest.mark.parametrize(("token", "error"), [("xoxb-wrong", "invalid_auth"), ("", "not_authed")])
async def test_wrong_token(
    workspace: Workspace, session: aiohttp.ClientSession, token: str, error: str
) -> None:
    """An unknown token and none at all are told apart."""
    assert (await refusal(client_for(workspace, session, token).auth_test()))["error"] == error


async def test_missing_scope(session: aiohttp.ClientSession) -> None:
    """A missing scope is named with what is there; its method does nothing."""
    workspace = new_workspace(scopes=("users:read",))
    await workspace.start()
    client = client_for(workspace, session)
    answer = await refusal(client.chat_postMessage(channel=CHANNEL, text="x"))
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "chat:write",
        "users:read",
    )
    assert (await refusal(client.conversations_history(channel=CHANNEL)))["needed"] == "channels:history"
    assert (await client.users_info(user=GUEST.id))["user"]["is_restricted"] is True
    assert workspace.messages(CHANNEL) == []
    await workspace.stop()


async def test_forms_and_json(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """A form with the token in it, and JSON with a bearer token, do the same."""
    form = {"token": "xoxb-test", "channel": "#incidents", "text": "form", "blocks": '[{"type": "divider"}]'}
    async with session.post(workspace.api_url + "chat.postMessage", data=form) as answer:
        assert (await answer.json())["ok"] is True
    headers = {"Authorization": "Bearer xoxb-test"}
    url = workspace.api_url + "chat.postMessage"
    async with session.post(url, json={"channel": "U0ONCALL", "text": "json"}, headers=headers) as answer:
        assert (await answer.json())["channel"] == "D0ONCALL"
    assert workspace.messages(CHANNEL)[0]["blocks"][0]["type"] == "divider"
    async with session.post(url, data=b"{", headers=headers | {"Content-Type": "application/json"}) as answer:
        assert (await answer.json())["error"] == "invalid_json"


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C0NONE", "channel_not_found"), ("C0ELSE", "not_in_channel")],
)
async def test_where_the_bot_may_write(client: AsyncWebClient, channel: str, error: str) -> None:
    """An unknown channel and one without the bot are told apart."""
    assert (await refusal(client.chat_postMessage(channel=channel, text="x")))["error"] == error


def _button_block(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    block = button()
    block["elements"][0] |= changes
    return block


_PLAIN = {"type": "plain_text", "text": "x"}
_TOO_MUCH: list[tuple[list[dict[str, Any]], str]] = [
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "must be less than 151"),
    ([{"type": "markdown", "text": "x" * 12_001}], "must be less than 12001"),
    ([{"type": "section", "fields": [_PLAIN] * 11}], "no more than 10 items"),
    (
        [
            {
                "type": "actions",
                "elements": [_button_block(action_id=f"a{n}")["elements"][0] for n in range(26)],
            }
        ],
        "25",
    ),
    ([{"type": "context", "elements": [_PLAIN] * 11}], "no more than 10 items"),
    ([_button_block(text={"type": "plain_text", "text": "x" * 76})], "must be less than 76"),
    ([_button_block(value="x" * 2001)], "must be less than 2001"),
    ([_button_block(action_id="x" * 256)], "must be less than 256"),
    ([_button_block(style="green")], "primary, danger"),
    ([{"type": "divider", "block_id": "x" * 256}], "must be less than 256"),
    ([{"type": "divider", "block_id": "x"}] * 2, "already exists"),
    ([section("")], "must be more than 0 characters"),
    ([{"type": "alert", "text": _PLAIN}], "unsupported type: alert"),
]


@pytest.mark.parametrize(
    ("blocks", "message"), _TOO_MUCH, ids=lambda part: part if isinstance(part, str) else ""
)
async def test_block_limits(
    workspace: Workspace, client: AsyncWebClient, blocks: list[dict[str, Any]], message: str
) -> None:
    """Each limit refuses the post and names the place; nothing is stored."""
    answer = await refusal(client.chat_postMessage(channel=CHANNEL, text="x", blocks=blocks))
    assert answer["error"] == "invalid_blocks"
    assert message in " ".join(answer["response_metadata"]["messages"])
    assert workspace.messages(CHANNEL) == []


async def test_limits_pass_at_their_value(client: AsyncWebClient) -> None:
    """What just fits is taken."""
    blocks = [
        section("x" * 3000),
        _button_block(value="x" * 2000, text={"type": "plain_text", "text": "x" * 75}),
    ]
    await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[*blocks, *[{"type": "divider"}] * 48])


async def test_message_as_a_whole(client: AsyncWebClient) -> None:
    """All blocks together hold 13,200 characters, the text 40,000; something must be said."""
    answer = await refusal(
        client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("x" * 2700)] * 5)
    )
    assert answer["error"] == "msg_blocks_too_long"
    assert (await refusal(client.chat_postMessage(channel=CHANNEL, text="x" * 40_001)))[
        "error"
    ] == "msg_too_long"
    assert (await refusal(client.api_call("chat.postMessage", json={"channel": CHANNEL})))[
        "error"
    ] == "no_text"


async def test_views_are_checked(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """A view beyond the limits, and a trigger that is unknown, used or too old, open nothing."""
    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    trigger = wire.envelopes()[0]["payload"]["trigger_id"]
    title = {"type": "plain_text", "text": "x" * 25}
    for view in (modal(title=title), modal(submit=None), modal(blocks=[{"type": "divider"}] * 101)):
        assert (await refusal(client.views_open(trigger_id=trigger, view=view)))[
            "error"
        ] == "invalid_arguments"
    await client.views_open(trigger_id=trigger, view=modal(external_id="mine"))
    again = await refusal(client.views_open(trigger_id=trigger, view=modal()))
    assert again["error"] == "exchanged_trigger_id"
    assert (await refusal(client.views_open(trigger_id="1.2.x", view=modal())))[
        "error"
    ] == "invalid_trigger_id"
    (view,) = workspace.views_of(N3_A.id)
    old_hash = view["hash"]
    await client.views_update(external_id="mine", view=modal(callback_id="other"), hash=old_hash)
    stale = await refusal(client.views_update(view_id=view["id"], view=modal(), hash=old_hash))
    assert stale["error"] == "hash_conflict"


async def test_trigger_expires(session: aiohttp.ClientSession) -> None:
    """A trigger id is good for its seconds only."""
    workspace = new_workspace(trigger_seconds=0.02)
    await workspace.start()
    wire = await open_wire(workspace, session)
    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    await asyncio.sleep(0.03)
    trigger = wire.envelopes()[0]["payload"]["trigger_id"]
    answer = await refusal(client_for(workspace, session).views_open(trigger_id=trigger, view=modal()))
    assert answer["error"] == "expired_trigger_id"
    await wire.socket.close()
    await workspace.stop()


async def test_form_is_checked_before_it_is_sent(
    workspace: Workspace, wire: Wire, client: AsyncWebClient
) -> None:
    """An empty required field and a text too long stay with the person; a foreign modal is out of reach."""
    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    opened = await client.views_open(trigger_id=wire.envelopes()[0]["payload"]["trigger_id"], view=modal())
    view_id = opened["view"]["id"]
    for text in ("", "x" * 21):
        assert (await workspace.submit(N3_A.id, view_id, {"why": {"text": text}})).errors.keys() == {"why"}
    assert (await workspace.submit(GUEST.id, view_id, {"why": {"text": "fine"}})).error == "not_found"
    assert wire.envelopes("view_submission") == []


async def test_rate_of_one_channel(session: aiohttp.ClientSession) -> None:
    """After the burst a channel takes one message a second, told by 429 and Retry-After; others are free."""
    workspace = new_workspace(rates={"chat.postMessage": Rate(1.0, 3)})
    await workspace.start()
    client = client_for(workspace, session)
    for _ in range(3):
        await client.chat_postMessage(channel=CHANNEL, text="x")
    answer = await refusal(client.chat_postMessage(channel=CHANNEL, text="x"))
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "1")
    await client.chat_postMessage(channel="D0ONCALL", text="x")
    assert len(workspace.messages(CHANNEL)) == 3
    await workspace.stop()


async def test_every_method_has_its_tier(session: aiohttp.ClientSession) -> None:
    """A rate holds for any method, counted for the whole workspace; by default those of Slack's tiers."""
    workspace = new_workspace(rates={"usergroups.list": Rate(0.01, 2, per_channel=False)})
    await workspace.start()
    client = client_for(workspace, session)
    for _ in range(2):
        await client.usergroups_list()
    answer = await refusal(client.usergroups_list())
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "100")
    await workspace.stop()
    minute = {name: DEFAULT_RATES[name].per_second * 60 for name in DEFAULT_RATES}
    assert (minute["usergroups.users.list"], minute["chat.update"], minute["views.open"]) == (20, 50, 100)


async def test_no_method_is_without_a_rate_by_mistake() -> None:
    """What has no tier is what Slack gives a generous limit of its own."""
    assert METHODS - DEFAULT_RATES.keys() == {"auth.test", "chat.getPermalink"}
    assert DEFAULT_RATES.keys() <= METHODS


async def test_ordered_faults(workspace: Workspace, client: AsyncWebClient) -> None:
    """An ordered 429 or error refuses once and changes nothing."""
    workspace.faults.rate_limit("chat.update", retry_after=7)
    workspace.faults.fail("chat.postMessage", "internal_error")
    assert (await refusal(client.chat_postMessage(channel=CHANNEL, text="x")))["error"] == "internal_error"
    posted = await client.chat_postMessage(channel=CHANNEL, text="x")
    limited = await refusal(client.chat_update(channel=CHANNEL, ts=posted["ts"], text="y"))
    assert limited.headers["Retry-After"] == "7"
    await client.chat_update(channel=CHANNEL, ts=posted["ts"], text="y")
    assert [message["text"] for message in workspace.messages(CHANNEL)] == ["y"]


async def test_lost_answer_is_stored_once(workspace: Workspace, client: AsyncWebClient) -> None:
    """The post is there though its answer never came; its metadata shows in the history, on request only."""
    workspace.faults.drop_answer("chat.postMessage")
    metadata = {"event_type": "outbox", "event_payload": {"id": "m-1"}}
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=CHANNEL, text="x", metadata=metadata)
    (message,) = workspace.messages(CHANNEL)
    assert "metadata" not in message
    bare = await client.conversations_history(channel=CHANNEL)
    assert "metadata" not in bare["messages"][0]
    full = await client.conversations_history(channel=CHANNEL, include_all_metadata=True)
    assert full["messages"][0]["metadata"] == metadata
    assert len(workspace.calls("chat.postMessage")) == 1


async def test_threads_and_history(workspace: Workspace, client: AsyncWebClient) -> None:
    """History is newest first without replies, replies oldest first after their root; both in pages."""
    root = await client.chat_postMessage(channel=CHANNEL, text="root")
    for number in range(3):
        await client.chat_postMessage(channel=CHANNEL, text=f"reply {number}", thread_ts=root["ts"])
    await client.chat_postMessage(channel=CHANNEL, text="loud", thread_ts=root["ts"], reply_broadcast=True)
    await workspace.say(ON_CALL.id, CHANNEL, "later")
    history = await client.conversations_history(channel=CHANNEL)
    assert [m["text"] for m in history["messages"]] == ["later", "loud", "root"]
    assert history["messages"][2]["reply_count"] == 4
    first = await client.conversations_replies(channel=CHANNEL, ts=root["ts"], limit=3)
    assert ([m["text"] for m in first["messages"]], first["has_more"]) == (
        ["root", "reply 0", "reply 1"],
        True,
    )
    texts = [m["text"] async for page in first for m in page["messages"]]
    assert texts == ["root", "reply 0", "reply 1", "reply 2", "loud"]
    since = await client.conversations_history(channel=CHANNEL, oldest=history["messages"][1]["ts"])
    assert [m["text"] for m in since["messages"]] == ["later"]
    unknown = await refusal(client.chat_postMessage(channel=CHANNEL, text="x", thread_ts="1.000001"))
    assert unknown["error"] == "thread_not_found"


async def test_only_own_messages_change(workspace: Workspace, client: AsyncWebClient) -> None:
    """The bot edits and deletes what it wrote, keeps blocks that it does not send, and nothing of others."""
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[section("kept")])
    updated = await client.chat_update(channel=CHANNEL, ts=posted["ts"], text="y")
    assert updated["message"]["blocks"][0]["text"]["text"] == "kept"
    ts = await workspace.say(ON_CALL.id, CHANNEL, "theirs")
    assert (await refusal(client.chat_update(channel=CHANNEL, ts=ts, text="y")))[
        "error"
    ] == "cant_update_message"
    assert (await refusal(client.chat_delete(channel=CHANNEL, ts=ts)))["error"] == "cant_delete_message"
    missing = await refusal(client.chat_update(channel=CHANNEL, ts="1.0", text="y"))
    assert missing["error"] == "message_not_found"
    await client.chat_delete(channel=CHANNEL, ts=posted["ts"])
    assert [m["text"] for m in workspace.messages(CHANNEL)] == ["theirs"]


async def test_ephemeral_is_for_members(workspace: Workspace, client: AsyncWebClient) -> None:
    """Only its person sees it, and only a member of the channel can be that person."""
    await client.chat_postEphemeral(channel=CHANNEL, user=GUEST.id, text="only you")
    assert [one["user"] for one in workspace.ephemerals(GUEST.id)] == [GUEST.id]
    assert workspace.messages(CHANNEL) == []
    answer = await refusal(client.chat_postEphemeral(channel="C0SECRET", user=GUEST.id, text="x"))
    assert answer["error"] == "user_not_in_channel"


async def test_directory(client: AsyncWebClient) -> None:
    """Groups, people, channels and direct messages can be looked up."""
    groups = await client.usergroups_list(include_users=True)
    assert groups["usergroups"][0]["users"] == [N3_A.id]
    assert (await client.usergroups_users_list(usergroup="S0N3"))["users"] == [N3_A.id]
    assert (await refusal(client.usergroups_users_list(usergroup="S0X")))["error"] == "no_such_subteam"
    assert {user["name"] for user in (await client.users_list())["members"]} >= {"on-call", "n3.a", "vigie"}
    assert [c["name"] for c in (await client.conversations_list())["channels"]] == ["incidents", "elsewhere"]
    assert (await client.conversations_info(channel=CHANNEL))["channel"]["is_member"] is True
    assert (await client.conversations_open(users=GUEST.id))["channel"]["id"] == "D0GUEST"
    assert GUEST.id in (await client.conversations_members(channel=CHANNEL))["members"]
    assert [c["id"] for c in (await client.users_conversations())["channels"]] == [CHANNEL]
    assert (await client.conversations_info(channel="C0SECRET"))["channel"]["is_private"] is True
    assert (await refusal(client.conversations_join(channel="C0ELSE")))["needed"] == "channels:join"
    assert (await refusal(client.team_info()))["needed"] == "team:read"
    assert (await client.bots_info(bot=BOT.bot_id))["bot"]["app_id"] == "A0VIGIE"
    assert (await refusal(client.api_call("chat.none")))["error"] == "unknown_method"


async def test_reaction(workspace: Workspace, client: AsyncWebClient) -> None:
    """One emoji of the bot stands once on a message."""
    posted = await client.chat_postMessage(channel=CHANNEL, text="x")
    await client.reactions_add(channel=CHANNEL, timestamp=posted["ts"], name="eyes")
    again = await refusal(client.reactions_add(channel=CHANNEL, timestamp=posted["ts"], name="eyes"))
    assert again["error"] == "already_reacted"
    assert workspace.messages(CHANNEL)[0]["reactions"][0]["count"] == 1


async def test_response_url_five_times(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """A response_url edits its message and speaks, five times in all; a guessed one does nothing."""
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()])
    await workspace.click(N3_A.id, CHANNEL, posted["ts"], "sign")
    url = wire.envelopes("block_actions")[0]["payload"]["response_url"]
    webhook = AsyncWebhookClient(url, session=session, retry_handlers=[])
    assert (await webhook.send_dict({"text": "signed", "replace_original": True})).body == "ok"
    assert workspace.messages(CHANNEL)[0]["text"] == "signed"
    for _ in range(4):
        assert (await webhook.send(text="said", response_type="in_channel")).status_code == 200
    assert (await webhook.send(text="said")).status_code == 404
    assert len(workspace.messages(CHANNEL)) == 5
    guessed = AsyncWebhookClient(url[:-1] + "_", session=session, retry_handlers=[])
    assert (await guessed.send(text="x")).status_code == 404
