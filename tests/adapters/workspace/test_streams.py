"""Messages that are written piece by piece, through the SDK's own stream."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Workspace

from .conftest import ON_CALL, Wire, client_for, new_workspace, section
from .test_api import refusal

CHANNEL = "C0INC"
FOR: dict[str, Any] = {"recipient_team_id": "T0VIGIE", "recipient_user_id": ON_CALL.id}


async def asked(workspace: Workspace, channel: str = CHANNEL) -> str:
    """A question to which the stream is a reply."""
    return await workspace.say(ON_CALL.id, channel, "why?")


async def test_a_whole_stream(workspace: Workspace, wire: Wire, client: AsyncWebClient) -> None:
    """Text grows in one message of the thread; at the end stand its blocks, and one change is told."""
    thread = await asked(workspace)
    stream = await client.chat_stream(channel=CHANNEL, thread_ts=thread, buffer_size=1, **FOR)
    await stream.append(markdown_text="**because** ")
    (reply,) = workspace.replies(CHANNEL, thread)
    assert (reply["text"], reply["streaming_state"]) == ("**because** ", "in_progress")
    await stream.append(markdown_text="of <this>")
    done = await stream.stop(blocks=[section("sources")], metadata={"event_type": "x", "event_payload": {}})
    assert done["message"]["text"] == "**because** of <this>"
    (reply,) = workspace.replies(CHANNEL, thread)
    assert [block["type"] for block in reply["blocks"]] == ["markdown", "section"]
    assert (reply["streaming_state"], reply["ts"]) == ("completed", done["ts"])
    events = [one["payload"]["event"] for one in await wire.wait("message", 3)]
    assert [event.get("subtype") for event in events] == [None, None, "message_changed"]


async def test_tasks_stand_where_they_came(workspace: Workspace, client: AsyncWebClient) -> None:
    """In a timeline between the text; as a plan together. A task is changed by its id."""
    task = {"type": "task_update", "id": "1", "title": "Look", "status": "in_progress", "details": "at it"}
    chunks = [{"type": "plan_update", "title": "Plan A"}, {"type": "markdown_text", "text": "so"}, task]
    for mode, shape in (("timeline", ["plan", "markdown", "task_card"]), ("plan", ["markdown", "plan"])):
        thread = await asked(workspace)
        started = await client.chat_startStream(
            channel=CHANNEL, thread_ts=thread, chunks=chunks, task_display_mode=mode, **FOR
        )
        done = {**task, "status": "complete", "details": " all"}
        await client.chat_appendStream(channel=CHANNEL, ts=started["ts"], chunks=[done])
        blocks = workspace.replies(CHANNEL, thread)[0]["blocks"]
        assert [block["type"] for block in blocks] == shape
        card = blocks[2] if mode == "timeline" else blocks[1]["tasks"][0]
        said = [one["text"] for one in card["details"]["elements"][0]["elements"]]
        assert (card["status"], said) == ("complete", ["at it", " all"])


async def test_who_it_is_for(workspace: Workspace, client: AsyncWebClient) -> None:
    """In a channel a stream names team and person; in direct messages it need not, but it is a reply."""
    thread = await asked(workspace)
    place: dict[str, Any] = {"channel": CHANNEL, "thread_ts": thread}
    missing = await refusal(client.chat_startStream(**place, recipient_user_id=ON_CALL.id))
    assert missing["error"] == "missing_recipient_team_id"
    missing = await refusal(client.chat_startStream(**place, recipient_team_id="T0VIGIE"))
    assert missing["error"] == "missing_recipient_user_id"
    nobody = await refusal(client.chat_startStream(**place, **FOR | {"recipient_user_id": "U0X"}))
    assert nobody["error"] == "user_not_found"
    direct = await asked(workspace, "D0ONCALL")
    await client.chat_startStream(channel="D0ONCALL", thread_ts=direct)
    alone = await refusal(client.api_call("chat.startStream", json={"channel": "D0ONCALL"}))
    assert alone["error"] == "channel_type_not_supported"


async def test_what_is_no_stream(workspace: Workspace, client: AsyncWebClient) -> None:
    """Nothing is added to a message that was not streamed, has ended, or is somebody else's."""
    thread = await asked(workspace)
    posted = await client.chat_postMessage(channel=CHANNEL, text="x")
    started = await client.chat_startStream(channel=CHANNEL, thread_ts=thread, **FOR)
    blocked = await refusal(client.chat_update(channel=CHANNEL, ts=started["ts"], text="x"))
    assert blocked["error"] == "streaming_state_conflict"
    empty = await refusal(client.chat_appendStream(channel=CHANNEL, ts=started["ts"]))
    assert empty["error"] == "no_text"
    await client.chat_stopStream(channel=CHANNEL, ts=started["ts"])
    await client.chat_update(channel=CHANNEL, ts=started["ts"], text="edited")
    for ts, error in (
        (posted["ts"], "message_not_in_streaming_state"),
        (started["ts"], "message_not_in_streaming_state"),
        (thread, "message_not_owned_by_app"),
        ("1.0", "message_not_found"),
    ):
        for call in (client.chat_appendStream, client.chat_stopStream):
            answer = await refusal(call(channel=CHANNEL, ts=ts, markdown_text="x"))
            assert answer["error"] == error


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        ([{"type": "markdown_text"}], "invalid_chunks"),
        ([{"type": "picture"}], "invalid_chunks"),
        ([{"type": "task_update", "id": "1", "title": "x", "status": "done"}], "invalid_chunks"),
        ([{"type": "task_update", "id": "", "title": "x", "status": "pending"}], "invalid_chunks"),
        ([{"type": "plan_update", "title": "x" * 257}], "invalid_chunks"),
        ([{"type": "blocks", "blocks": [{"type": "alert"}]}], "invalid_blocks"),
        ([{"type": "blocks", "blocks": [{"type": "divider"}] * 50}] * 2, "msg_blocks_too_many"),
        ([{"type": "markdown_text", "text": "x" * 12_001}], "msg_too_long"),
        ([{"type": "markdown_text", "text": "x" * 12_000}] * 4, "msg_too_long"),
    ],
)
async def test_bad_chunks_change_nothing(
    workspace: Workspace, client: AsyncWebClient, chunks: list[dict[str, object]], error: str
) -> None:
    """A chunk that is wrong refuses all that came with it."""
    thread = await asked(workspace)
    started = await client.chat_startStream(channel=CHANNEL, thread_ts=thread, markdown_text="before", **FOR)
    good = {"type": "markdown_text", "text": " and this"}
    wrong = client.api_call(
        "chat.appendStream", json={"channel": CHANNEL, "ts": started["ts"], "chunks": [good, *chunks]}
    )
    assert (await refusal(wrong))["error"] == error
    await client.chat_appendStream(channel=CHANNEL, ts=started["ts"], markdown_text=" after")
    assert workspace.replies(CHANNEL, thread)[0]["text"] == "before after"


async def test_a_stream_is_over_after_a_while(session: aiohttp.ClientSession) -> None:
    """Slack ends it by itself; the app learns it by an error."""
    workspace = new_workspace(stream_seconds=0.0)
    await workspace.start()
    client = client_for(workspace, session)
    thread = await asked(workspace)
    started = await client.chat_startStream(channel=CHANNEL, thread_ts=thread, **FOR)
    late = await refusal(client.chat_appendStream(channel=CHANNEL, ts=started["ts"], markdown_text="x"))
    assert late["error"] == "message_not_in_streaming_state"
    await workspace.stop()
