"""Files as the app sends and reads them, through the SDK's own upload."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import DEFAULT_EVENTS, DEFAULT_SCOPES, Workspace

from .conftest import BOT_TOKEN, N3_A, ON_CALL, client_for, new_workspace, open_wire
from .test_api import refusal

CHANNEL = "C0INC"
FILE = {
    "id",
    "created",
    "timestamp",
    "name",
    "title",
    "mimetype",
    "filetype",
    "pretty_type",
    "user",
    "editable",
    "size",
    "mode",
    "is_external",
    "external_type",
    "is_public",
    "public_url_shared",
    "display_as_bot",
    "username",
    "url_private",
    "url_private_download",
    "permalink",
}


async def test_the_sdk_uploads_into_a_thread(workspace: Workspace, client: AsyncWebClient) -> None:
    """files_upload_v2 puts two files and a comment into one message of the thread."""
    root = await client.chat_postMessage(channel=CHANNEL, text="root")
    uploads: list[dict[str, Any]] = [
        {"filename": "log.txt", "content": "line 1\nline 2", "title": "The log"},
        {"filename": "graph.png", "file": b"\x89PNG\r\n\x1a\n", "alt_txt": "a graph"},
    ]
    done = await client.files_upload_v2(
        file_uploads=uploads, channel=CHANNEL, thread_ts=root["ts"], initial_comment="see *these*"
    )
    assert [file["title"] for file in done["files"]] == ["The log", "graph.png"]
    (reply,) = workspace.replies(CHANNEL, root["ts"])
    assert (reply["text"], reply["user"], reply["bot_id"]) == ("see *these*", "U0VIGIE", "B0VIGIE")
    log, graph = reply["files"]
    assert (log["name"], log["mimetype"], log["filetype"], log["size"]) == (
        "log.txt",
        "text/plain",
        "text",
        13,
    )
    assert graph["alt_txt"] == "a graph"
    assert log.keys() >= FILE


async def test_a_file_is_private_until_it_is_shared(
    workspace: Workspace, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """Without a channel no message is posted; and without files:read the app cannot read it back."""
    done = await client.files_upload_v2(filename="a.txt", content="a")
    assert workspace.messages(CHANNEL) == []
    headers = {"X-Workspace-Token": workspace.page_token}
    url = f"{workspace.url}/human/file/{done['file']['id']}?user={ON_CALL.id}"
    async with session.get(url, headers=headers) as answer:
        assert answer.status == 404
    good = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with session.get(done["file"]["url_private"], headers=good, allow_redirects=False) as answer:
        assert answer.status == 302


async def test_reading_needs_token_and_scope(session: aiohttp.ClientSession) -> None:
    """The app reads a private address with its token and files:read; everybody else is sent to sign in."""
    workspace = new_workspace(scopes=(*DEFAULT_SCOPES, "files:read"), events=(*DEFAULT_EVENTS, "file_shared"))
    await workspace.start()
    client, wire = client_for(workspace, session), await open_wire(workspace, session)
    message = workspace.upload(ON_CALL.id, CHANNEL, "Log of today.txt", b"line", "look")
    shared = (await wire.wait("file_shared"))[0]["payload"]["event"]
    assert shared.keys() == {"type", "channel_id", "file_id", "user_id", "file", "event_ts"}
    info = await client.files_info(file=shared["file_id"])
    assert info["file"]["shares"] == {"public": {CHANNEL: [{"ts": message["ts"]}]}}
    hidden = workspace.upload(ON_CALL.id, "C0ELSE", "b.txt", b"hidden")["files"][0]
    assert (await refusal(client.files_info(file=hidden["id"])))["error"] == "file_not_found"
    for url in (info["file"]["url_private"], info["file"]["url_private_download"]):
        assert url.endswith("log_of_today.txt")
        async with session.get(url, headers={"Authorization": f"Bearer {BOT_TOKEN}"}) as answer:
            assert (await answer.read(), answer.content_type) == (b"line", "application/octet-stream")
        for bad in ({}, {"Authorization": "Bearer xoxb-guessed"}, {"Authorization": "Bearer xapp-test"}):
            async with session.get(url, headers=bad, allow_redirects=False) as answer:
                assert answer.status == 302
    workspace.revoke_token()
    good = {"Authorization": f"Bearer {BOT_TOKEN}"}
    async with session.get(url, headers=good, allow_redirects=False) as gone:
        assert gone.status == 302
    await wire.socket.close()
    await workspace.stop()


async def test_steps_are_checked(client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
    """Content must be as long as was said and comes once; what was never sent cannot be completed."""
    offered = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    for content, status in ((b"four", 400), (b"abc", 200), (b"abc", 404)):
        async with session.post(offered["upload_url"], data=content) as answer:
            assert answer.status == status
    never = await client.files_getUploadURLExternal(filename="a.txt", length=3)
    none = await refusal(client.files_completeUploadExternal(files=[{"id": never["file_id"], "title": "x"}]))
    assert none["error"] == "file_not_found"
    twice = [{"id": offered["file_id"], "title": "x"}]
    await client.files_completeUploadExternal(files=twice)
    assert (await refusal(client.files_completeUploadExternal(files=twice)))["error"] == "file_not_found"
    for length in (0, -1, 20 * 1024 * 1024 + 1):
        wrong = await refusal(client.files_getUploadURLExternal(filename="a.txt", length=length))
        assert wrong["error"] == "invalid_arguments"
    assert (await refusal(client.files_info(file="F0X")))["needed"] == "files:read"


@pytest.mark.parametrize(
    ("channel", "error"), [("C0NONE", "channel_not_found"), ("C0ELSE", "not_in_channel")]
)
async def test_where_files_can_go(client: AsyncWebClient, channel: str, error: str) -> None:
    """The same rules as for messages."""
    with pytest.raises(SlackApiError, match=error):
        await client.files_upload_v2(filename="a.txt", content="a", channel=channel)


async def test_a_deleted_file_leaves_a_tombstone(workspace: Workspace, client: AsyncWebClient) -> None:
    """Only the bot's own; the message stays."""
    done = await client.files_upload_v2(filename="a.txt", content="a", channel=CHANNEL)
    theirs = workspace.upload(N3_A.id, CHANNEL, "b.txt", b"b")["files"][0]
    assert (await refusal(client.files_delete(file=theirs["id"])))["error"] == "cant_delete_file"
    await client.files_delete(file=done["file"]["id"])
    assert workspace.messages(CHANNEL)[0]["files"] == [{"id": done["file"]["id"], "mode": "tombstone"}]
    assert (await refusal(client.files_delete(file=done["file"]["id"])))["error"] == "file_deleted"
