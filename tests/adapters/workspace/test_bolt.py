"""A real Bolt app over a real socket: what a person does arrives, what the app answers shows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Workspace

from .conftest import APP_TOKEN, GUEST, N3_A, ON_CALL, button, modal, section

CHANNEL = "C0INC"


@pytest.fixture
async def app(workspace: Workspace, client: AsyncWebClient) -> AsyncIterator[AsyncApp]:
    """A connected app without listeners."""
    one = AsyncApp(client=client)
    link = AsyncSocketModeHandler(one, APP_TOKEN, ping_interval=3)
    await link.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it so
    yield one
    await link.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it so


async def until(found: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is waited for
    """Waits until `found` gives something."""
    async with asyncio.timeout(3):
        while not found():
            await asyncio.sleep(0.005)
    return found()


async def test_mention_is_answered_in_its_thread(workspace: Workspace, app: AsyncApp) -> None:
    """A mention typed by name reaches the app, and its answer stands in the thread."""

    @app.event("app_mention")
    async def asked(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="Yes, twice.")

    ts = await workspace.say(ON_CALL.id, CHANNEL, "@vigie have we seen this before?")
    replies = await until(lambda: workspace.replies(CHANNEL, ts))
    assert [reply["text"] for reply in replies] == ["Yes, twice."]
    root = workspace.messages(CHANNEL)[0]
    assert root["text"] == "<@U0VIGIE> have we seen this before?"
    assert root["reply_count"] == 1


async def test_command_is_answered_to_its_user_alone(workspace: Workspace, app: AsyncApp) -> None:
    """The answer in the ack is ephemeral; respond() adds another by the response_url."""

    @app.command("/vigie")
    async def helped(ack: Any, respond: Any, command: dict[str, Any]) -> None:  # noqa: ANN401
        await ack(f"help for {command['text']}")
        await respond("and more")

    outcome = await workspace.command(ON_CALL.id, CHANNEL, "/vigie help me")
    assert (outcome.ok, outcome.response) == (True, "help for help me")
    await until(lambda: len(workspace.ephemerals(ON_CALL.id)) == 2)
    assert {one["text"] for one in workspace.ephemerals(ON_CALL.id)} == {"help for help me", "and more"}
    assert workspace.messages(CHANNEL) == []
    assert workspace.ephemerals(N3_A.id) == []


async def test_command_without_ack_times_out(workspace: Workspace, app: AsyncApp) -> None:
    """A command that nobody acknowledges fails as Slack says it."""
    outcome = await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")
    assert outcome.error == "operation_timeout"
    assert outcome.response == '/vigie failed with the error "operation_timeout"'


async def test_button_opens_modal_and_submit_is_checked(
    workspace: Workspace, app: AsyncApp, client: AsyncWebClient
) -> None:
    """A click opens a modal; a refused form stays open with its errors; a good one edits the message."""

    @app.action("sign")
    async def pressed(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:  # noqa: ANN401
        await ack()
        await client.views_open(
            trigger_id=body["trigger_id"], view=modal(private_metadata=body["message"]["ts"])
        )

    @app.view("sign_off")
    async def signed(ack: Any, view: dict[str, Any], client: AsyncWebClient) -> None:  # noqa: ANN401
        why = view["state"]["values"]["why"]["text"]["value"]
        if why == "no":
            await ack(response_action="errors", errors={"why": "Say more."})
            return
        await ack()
        await client.chat_update(
            channel=CHANNEL, ts=view["private_metadata"], text=f"signed: {why}", blocks=[]
        )

    posted = await client.chat_postMessage(channel=CHANNEL, text="remedy", blocks=[section("*do*"), button()])
    clicked = await workspace.click(N3_A.id, CHANNEL, posted["ts"], "sign")
    assert clicked.ok
    (view,) = await until(lambda: workspace.views_of(N3_A.id))
    refused = await workspace.submit(N3_A.id, view["id"], {"why": {"text": "no"}})
    assert (refused.ok, refused.errors) == (False, {"why": "Say more."})
    assert len(workspace.views_of(N3_A.id)) == 1
    done = await workspace.submit(N3_A.id, view["id"], {"why": {"text": "it is safe"}})
    assert (done.ok, done.view) == (True, None)
    assert workspace.views_of(N3_A.id) == []
    message = await until(lambda: [m for m in workspace.messages(CHANNEL) if "edited" in m])
    assert message[0]["text"] == "signed: it is safe"
    assert "blocks" not in message[0]


async def test_ephemeral_button_replaces_what_it_stands_in(workspace: Workspace, app: AsyncApp) -> None:
    """A click in an ephemeral message carries no content back, and respond() can replace or delete it."""
    seen: list[dict[str, Any]] = []

    @app.action("sign")
    async def pressed(ack: Any, body: dict[str, Any], respond: Any) -> None:  # noqa: ANN401
        await ack()
        seen.append(body)
        if len(seen) == 1:
            await respond(text="again", blocks=[button()], replace_original=True)
        else:
            await respond(delete_original=True)

    await app.client.chat_postEphemeral(channel=CHANNEL, user=GUEST.id, text="only you", blocks=[button()])
    (whisper,) = workspace.ephemerals(GUEST.id)
    assert (await workspace.click(N3_A.id, CHANNEL, whisper["ts"], "sign")).error == "message_not_found"
    assert (await workspace.click(GUEST.id, CHANNEL, whisper["ts"], "sign")).ok
    await until(lambda: workspace.ephemerals(GUEST.id)[0]["text"] == "again")
    assert "message" not in seen[0]
    assert seen[0]["container"]["is_ephemeral"] is True
    await workspace.click(GUEST.id, CHANNEL, whisper["ts"], "sign")
    await until(lambda: workspace.ephemerals(GUEST.id) == [])


async def test_modal_update_push_and_clear(workspace: Workspace, app: AsyncApp) -> None:
    """A submission can be answered with another view, a view on top, or the end of all."""
    answers: list[dict[str, Any]] = [
        {"response_action": "update", "view": modal(callback_id="sign_off", external_id="x")},
        {"response_action": "push", "view": modal(callback_id="sign_off")},
        {"response_action": "clear"},
    ]

    @app.command("/vigie")
    async def opened(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:  # noqa: ANN401
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @app.view("sign_off")
    async def answered(ack: Any) -> None:  # noqa: ANN401
        await ack(answers.pop(0))

    await workspace.command(N3_A.id, CHANNEL, "/vigie form")
    (view,) = workspace.views_of(N3_A.id)
    values = {"why": {"text": "fine"}}
    updated = (await workspace.submit(N3_A.id, view["id"], values)).view
    assert updated is not None
    assert updated["id"] == view["id"]
    pushed = (await workspace.submit(N3_A.id, view["id"], values)).view
    assert pushed is not None
    assert pushed["previous_view_id"] == pushed["root_view_id"] == view["id"]
    assert len(workspace.views_of(N3_A.id)) == 2
    assert (await workspace.submit(N3_A.id, pushed["id"], values)).view is None
    assert workspace.views_of(N3_A.id) == []


async def test_reconnects_when_asked_to_leave(workspace: Workspace, app: AsyncApp) -> None:
    """After a `disconnect` message the SDK comes back with a fresh ticket and hears the next mention."""
    heard = asyncio.Event()

    @app.event("app_mention")
    async def asked() -> None:
        heard.set()

    await workspace.faults.disconnect()
    await until(lambda: workspace.connections)
    await workspace.say(ON_CALL.id, CHANNEL, "@Vigie hello")
    await asyncio.wait_for(heard.wait(), 3)
    assert len(workspace.calls("apps.connections.open")) == 2


async def test_own_posts_come_back_marked(
    workspace: Workspace, app: AsyncApp, session: aiohttp.ClientSession
) -> None:
    """Bolt drops the app's own messages by their marks, while another bot's message arrives."""
    texts: list[str] = []

    @app.event("message")
    async def heard(event: dict[str, Any]) -> None:
        texts.append(event["text"])

    await app.client.chat_postMessage(channel=CHANNEL, text="mine")
    await workspace.say("U0WATCH", CHANNEL, "checkout is slow")
    await until(lambda: texts)
    await asyncio.sleep(0.05)
    assert texts == ["checkout is slow"]
