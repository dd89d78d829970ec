"""What people do to messages that stand, files that they share, and starting over, as the page does it."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import DEFAULT_EVENTS, DEFAULT_SCOPES, Refused, Workspace

from . import shapes
from .conftest import BOT, GUEST, N3_A, ON_CALL, PAGE_TOKEN, Wire, button, new_workspace, open_wire, section

CHANNEL = "C0INC"
TOKEN = {"X-Workspace-Token": PAGE_TOKEN}
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def deed(session: aiohttp.ClientSession, workspace: Workspace, what: str, **body: Any) -> Any:  # noqa: ANN401
    """One deed as the page does it."""
    async with session.post(f"{workspace.url}/human/{what}", json=body, headers=TOKEN) as answer:
        return await answer.json()


async def upload(
    session: aiohttp.ClientSession,
    workspace: Workspace,
    name: str,
    content: bytes,
    headers: dict[str, str] = TOKEN,
    **fields: str,
) -> tuple[int, Any]:
    """A file sent as a form, as the page does; status and answer."""
    form = aiohttp.FormData()
    for key, value in ({"user": ON_CALL.id, "channel": CHANNEL} | fields).items():
        form.add_field(key, value)
    form.add_field("file", content, filename=name, content_type="text/html")
    async with session.post(f"{workspace.url}/human/upload", data=form, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") else text


async def test_edit_and_delete_own_words(
    workspace: Workspace, wire: Wire, session: aiohttp.ClientSession
) -> None:
    """An edit is told as a hidden message_changed, a deletion as message_deleted, with what was before."""
    ts = await workspace.say(ON_CALL.id, CHANNEL, "slwo")
    mine = {"user": ON_CALL.id, "channel": CHANNEL, "ts": ts}
    assert (await deed(session, workspace, "edit", **mine, text="slow <b>"))["ok"] is True
    (message,) = workspace.messages(CHANNEL)
    assert (message["text"], message["edited"]["user"]) == ("slow &lt;b&gt;", ON_CALL.id)
    assert message["blocks"][0]["elements"][0]["elements"] == [{"type": "text", "text": "slow <b>"}]
    assert (await deed(session, workspace, "delete", **mine))["ok"] is True
    assert workspace.messages(CHANNEL) == []
    _, edit, gone = (one["payload"]["event"] for one in await wire.wait("message", 3))
    assert (edit.keys(), gone.keys()) == (shapes.MESSAGE_CHANGED, shapes.MESSAGE_DELETED)
    assert (edit["subtype"], edit["hidden"], edit["previous_message"]["text"]) == (
        "message_changed",
        True,
        "slwo",
    )
    assert (gone["subtype"], gone["hidden"], gone["deleted_ts"]) == ("message_deleted", True, ts)
    assert (await deed(session, workspace, "delete", **mine))["error"] == "message_not_found"


async def test_nobody_changes_what_others_wrote(
    workspace: Workspace, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """Neither a person's nor the bot's message; and nobody writes where they are no member."""
    theirs = await workspace.say(N3_A.id, CHANNEL, "mine")
    bots = (await client.chat_postMessage(channel=CHANNEL, text="bot's"))["ts"]
    for ts in (theirs, bots):
        other = {"user": ON_CALL.id, "channel": CHANNEL, "ts": ts}
        assert (await deed(session, workspace, "edit", **other, text="x"))["error"] == "cant_update_message"
        assert (await deed(session, workspace, "delete", **other))["error"] == "cant_delete_message"
    assert [m["text"] for m in workspace.messages(CHANNEL)] == ["mine", "bot's"]
    secret = {"user": GUEST.id, "channel": "C0SECRET", "ts": theirs}
    assert (await deed(session, workspace, "react", **secret, name="eyes"))["error"] == "channel_not_found"


async def test_a_root_leaves_a_tombstone(workspace: Workspace, wire: Wire) -> None:
    """Deleting the root of a thread keeps the replies and is told as a change."""
    ts = await workspace.say(ON_CALL.id, CHANNEL, "root")
    await workspace.say(N3_A.id, CHANNEL, "reply", ts)
    workspace.delete(ON_CALL.id, CHANNEL, ts)
    root, reply = workspace.messages(CHANNEL)
    assert (root["subtype"], reply["text"]) == ("tombstone", "reply")
    changed = (await wire.wait("message", 3))[2]["payload"]["event"]
    assert (changed["subtype"], changed["message"]["subtype"]) == ("message_changed", "tombstone")
    with pytest.raises(Refused, match="cant_update_message"):
        workspace.edit(ON_CALL.id, CHANNEL, ts, "back again")


async def test_a_person_takes_an_ephemeral_away(workspace: Workspace, client: AsyncWebClient) -> None:
    """Only the one who was shown it can."""
    await client.chat_postEphemeral(channel=CHANNEL, user=N3_A.id, text="only you")
    (whisper,) = workspace.ephemerals(N3_A.id)
    with pytest.raises(Refused, match="message_not_found"):
        workspace.delete(ON_CALL.id, CHANNEL, whisper["ts"])
    workspace.delete(N3_A.id, CHANNEL, whisper["ts"])
    assert workspace.ephemerals(N3_A.id) == []


async def test_reactions_of_people_and_bot(session: aiohttp.ClientSession) -> None:
    """A second click takes an emoji away; the app hears of both, if it may."""
    workspace = new_workspace(
        events=(*DEFAULT_EVENTS, "reaction_added", "reaction_removed"),
        scopes=(*DEFAULT_SCOPES, "reactions:read"),
    )
    await workspace.start()
    wire = await open_wire(workspace, session)
    ts = await workspace.say(ON_CALL.id, CHANNEL, "slow")
    eyes = {"user": N3_A.id, "channel": CHANNEL, "ts": ts, "name": ":eyes:"}
    assert (await deed(session, workspace, "react", **eyes))["there"] is True
    assert workspace.react(ON_CALL.id, CHANNEL, ts, "eyes") is True
    assert workspace.messages(CHANNEL)[0]["reactions"] == [
        {"name": "eyes", "users": [N3_A.id, ON_CALL.id], "count": 2}
    ]
    assert (await deed(session, workspace, "react", **eyes))["there"] is False
    assert workspace.messages(CHANNEL)[0]["reactions"][0]["users"] == [ON_CALL.id]
    added = (await wire.wait("reaction_added", 2))[0]["payload"]["event"]
    assert added.keys() == {"type", "user", "reaction", "item_user", "item", "event_ts"}
    assert added["item"] == {"type": "message", "channel": CHANNEL, "ts": ts}
    assert len(await wire.wait("reaction_removed")) == 1
    assert (await deed(session, workspace, "react", **eyes | {"name": "<x>"}))["error"] == "invalid_name"
    await wire.socket.close()
    await workspace.stop()


async def test_a_picture_is_shown_and_told(
    workspace: Workspace, wire: Wire, session: aiohttp.ClientSession
) -> None:
    """The app gets a file_share with the file's keys; the page shows the picture to those who may see it."""
    status, answer = await upload(session, workspace, "graph.png", PNG, text="see @vigie")
    assert (status, answer["ok"]) == (200, True)
    (told,) = await wire.wait("message")
    event = told["payload"]["event"]
    assert (event["subtype"], event["text"]) == ("file_share", f"see <@{BOT.id}>")
    assert "hidden" not in event
    (file,) = event["files"]
    assert (file["name"], file["mimetype"], file["size"]) == ("graph.png", "image/png", len(PNG))
    (mention,) = await wire.wait("app_mention")
    assert mention["payload"]["event"]["files"] == [file]
    url = f"{workspace.url}/human/file/{file['id']}?user={GUEST.id}"
    async with session.get(url, headers=TOKEN) as shown:
        assert (shown.content_type, await shown.read()) == ("image/png", PNG)
        assert shown.headers["Content-Disposition"].startswith('inline; filename="graph.png"')
    assert workspace.upload(N3_A.id, CHANNEL, "C:\\a\\../b.png", PNG)["files"][0]["name"] == "b.png"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evil.svg", SVG),
        ("evil.html", b"<script>alert(1)</script>"),
        ("evil.png", SVG),
        ("evil.xml", b'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">1</x:script>'),
        ('"; filename=x.html', b"<script>alert(1)</script>"),
    ],
)
async def test_no_upload_runs_in_the_page(
    workspace: Workspace, session: aiohttp.ClientSession, name: str, content: bytes
) -> None:
    """Whatever is no picture by its first bytes is saved, never opened, whatever its name and type say."""
    _, answer = await upload(session, workspace, name, content)
    async with session.get(f"{workspace.url}/human/file/{answer['file']['id']}", headers=TOKEN) as shown:
        assert shown.content_type == "application/octet-stream"
        assert shown.headers["Content-Disposition"].startswith("attachment;")
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown.headers["Content-Security-Policy"]
        assert await shown.read() == content


async def test_files_are_for_those_who_see_the_channel(
    workspace: Workspace, session: aiohttp.ClientSession
) -> None:
    """A file of a private channel is not found by others, and by nobody without the page's token."""
    _, answer = await upload(session, workspace, "plan.txt", b"plan", user=N3_A.id, channel="C0SECRET")
    url = f"{workspace.url}/human/file/{answer['file']['id']}"
    for user, status in ((N3_A.id, 200), (ON_CALL.id, 404), ("U0NOBODY", 404)):
        async with session.get(f"{url}?user={user}", headers=TOKEN) as shown:
            assert shown.status == status
    async with session.get(url) as shown:
        assert shown.status == 403


async def test_uploads_that_are_refused(workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """Too large, empty, to a channel without that person, or sent by a form that does not say where from."""
    status, answer = await upload(session, workspace, "big", b"x" * (20 * 1024 * 1024 + 1))
    assert (status, answer["error"]) == (413, "file_too_large")
    assert (await upload(session, workspace, "empty", b""))[1]["error"] == "no_file_data"
    refused = await upload(session, workspace, "x", b"x", user=GUEST.id, channel="C0ELSE")
    assert refused[1]["error"] == "channel_not_found"
    cookie = {"Cookie": f"workspace-{workspace.url.rpartition(':')[2]}={PAGE_TOKEN}"}
    assert (await upload(session, workspace, "x", b"x", cookie))[0] == 403
    assert (await upload(session, workspace, "x", b"x", cookie | {"Origin": "http://evil.example"}))[0] == 403
    assert workspace.messages(CHANNEL) == []
    assert (await upload(session, workspace, "x", b"x", cookie | {"Origin": workspace.url}))[1]["ok"] is True


async def test_starting_over(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """Messages, views, files, ephemerals and response_urls are gone, pages load anew, and all works again."""
    got: list[dict[str, Any]] = []
    async with session.get(f"{workspace.url}/human/stream?user={ON_CALL.id}", headers=TOKEN) as stream:
        await stream.content.readline()
        message = workspace.upload(ON_CALL.id, CHANNEL, "a.txt", b"a")
        await client.chat_postEphemeral(channel=CHANNEL, user=ON_CALL.id, text="x", blocks=[button()])
        await client.views_publish(user_id=ON_CALL.id, view={"type": "home", "blocks": [section("x")]})
        await workspace.click(ON_CALL.id, CHANNEL, workspace.ephemerals(ON_CALL.id)[0]["ts"], "sign")
        url = wire.envelopes("block_actions")[0]["payload"]["response_url"]
        workspace.reset()
        async with asyncio.timeout(3):
            while "reset" not in [event["type"] for event in got]:
                line = await stream.content.readline()
                got += [json.loads(line[6:])] if line.startswith(b"data: ") else []
    assert workspace.messages(CHANNEL) == workspace.ephemerals(ON_CALL.id) == []
    assert workspace.home_of(ON_CALL.id) is None
    async with session.get(f"{workspace.url}/human/file/{message['files'][0]['id']}", headers=TOKEN) as shown:
        assert shown.status == 404
    async with session.post(url, json={"text": "late"}) as answer:
        assert answer.status == 404
    await workspace.say(ON_CALL.id, CHANNEL, "anew")
    assert [m["text"] for m in workspace.messages(CHANNEL)] == ["anew"]
