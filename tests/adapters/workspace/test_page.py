"""The human side over HTTP: who may ask, what each person sees, and what they can do."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Workspace

from .conftest import GUEST, N3_A, ON_CALL, PAGE_TOKEN, Wire, button, modal, new_workspace

CHANNEL = "C0INC"
TOKEN = {"X-Workspace-Token": PAGE_TOKEN}


class Shop:
    """A demo with one thing to break."""

    broken = False

    async def state(self) -> dict[str, Any]:
        """Whether it is broken."""
        return {"ok": True, "broken": self.broken}

    async def act(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Breaks it."""
        self.broken = name == "break" and arguments == {"fault": "lock"}
        return {"ok": True}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Workspace]:
    """A workspace that serves a folder and a demo."""
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<title>page</title>")
    (tmp_path / "page" / "page.js").write_text("// script")
    (tmp_path / "secret.txt").write_text("secret")
    one = new_workspace(page_folder=tmp_path / "page", demo=Shop())
    await one.start()
    yield one
    await one.stop()


async def post(session: aiohttp.ClientSession, url: str, **body: Any) -> Any:  # noqa: ANN401 - JSON
    """Posts as the page does."""
    async with session.post(url, json=body, headers=TOKEN) as answer:
        return await answer.json()


async def get(session: aiohttp.ClientSession, url: str) -> Any:  # noqa: ANN401 - JSON
    """Asks as the page does."""
    async with session.get(url, headers=TOKEN) as answer:
        return await answer.json()


async def test_cookie_opens_the_page(served: Workspace) -> None:
    """The printed address gives the page and a cookie that scripts and other sites cannot use."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.get(served.page_url) as page:
            assert (page.status, page.content_type) == (200, "text/html")
            cookie = page.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            policy = page.headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe-inline" not in policy
            assert page.headers["X-Content-Type-Options"] == "nosniff"
            assert page.headers["Cache-Control"] == "no-store"
        async with browser.get(served.url + "/page/page.js") as script:
            assert (script.status, script.content_type) == (200, "text/javascript")
        async with browser.get(served.url + "/human/state") as state:
            assert (await state.json())["demo"] is True


_GUARDED = [
    ("GET", "/"),
    ("GET", "/page/page.js"),
    ("GET", "/human/state"),
    ("GET", "/human/messages?user=U0ONCALL"),
    ("GET", "/human/stream?user=U0ONCALL"),
    ("POST", "/human/say"),
    ("POST", "/human/command"),
    ("POST", "/human/click"),
    ("POST", "/human/shortcut"),
    ("POST", "/human/submit"),
    ("POST", "/human/close"),
    ("POST", "/human/home"),
    ("POST", "/human/edit"),
    ("POST", "/human/delete"),
    ("POST", "/human/react"),
    ("POST", "/human/upload"),
    ("GET", "/human/file/F0X"),
    ("GET", "/demo/state"),
    ("POST", "/demo/act"),
]
_BAD = {
    "no token": {},
    "guessed token": {"X-Workspace-Token": "guess"},
    "guessed cookie": {"Cookie": "workspace-PORT=guess"},
    "foreign origin": {**TOKEN, "Origin": "http://evil.example"},
    "other port": {**TOKEN, "Origin": "http://127.0.0.1:1"},
    "null origin": {**TOKEN, "Origin": "null"},
    "rebound host": {**TOKEN, "Host": "evil.example:PORT"},
    "host without port": {**TOKEN, "Host": "127.0.0.1"},
}


@pytest.mark.parametrize("headers", _BAD.values(), ids=_BAD.keys())
async def test_nobody_else_gets_in(
    served: Workspace, session: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    """Every route of the human side refuses a wrong token, Origin or Host, and does nothing."""
    port = served.url.rpartition(":")[2]
    headers = {name: value.replace("PORT", port) for name, value in headers.items()}
    for method, path in _GUARDED:
        body = {"user": ON_CALL.id, "channel": CHANNEL, "text": "forged"} if method == "POST" else None
        async with session.request(method, served.url + path, headers=headers, json=body) as answer:
            assert answer.status == 403, (method, path)
            assert (await answer.text()).count(".") >= 1
    assert served.messages(CHANNEL) == []


async def test_token_in_the_address_opens_only_the_page(
    served: Workspace, session: aiohttp.ClientSession
) -> None:
    """The token as a query parameter is good for the page itself and for nothing else."""
    async with session.get(f"{served.url}/human/state?token={PAGE_TOKEN}") as answer:
        assert answer.status == 403
    async with session.get(f"{served.url}/?token=guess") as answer:
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers


async def test_a_form_of_another_page_is_no_json(served: Workspace, session: aiohttp.ClientSession) -> None:
    """What a form can send without asking, plain text, is refused even with the token."""
    body = json.dumps({"user": ON_CALL.id, "channel": CHANNEL, "text": "forged"})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        headers = TOKEN | {"Content-Type": kind}
        async with session.post(served.url + "/human/say", data=body, headers=headers) as answer:
            assert answer.status == 403
    assert served.messages(CHANNEL) == []


async def test_app_side_checks_host_and_origin_too(served: Workspace, session: aiohttp.ClientSession) -> None:
    """A rebound name or another page reaches neither the API nor the socket, whatever token it has."""
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        good = headers | {"Authorization": "Bearer xoxb-test"}
        async with session.post(served.api_url + "auth.test", headers=good) as answer:
            assert answer.status == 403


async def test_only_files_of_the_folder(served: Workspace, session: aiohttp.ClientSession) -> None:
    """No name leads out of the page's folder."""
    for path in ("/page/..%2Fsecret.txt", "/page/%2e%2e/secret.txt", "/page/none.js", "/secret.txt"):
        async with session.get(served.url + path, headers=TOKEN) as answer:
            assert answer.status == 404


async def test_what_a_person_sees(
    workspace: Workspace, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """State and messages show a private channel to its members only, and direct messages to their person."""
    await workspace.say(N3_A.id, "C0SECRET", "between us")
    await client.chat_postMessage(
        channel=CHANNEL, text="x", metadata={"event_type": "outbox", "event_payload": {"id": "m-1"}}
    )
    seen = {
        user: (await get(session, f"{workspace.url}/human/messages?user={user}"))["channels"]
        for user in (N3_A.id, ON_CALL.id, GUEST.id)
    }
    assert seen[N3_A.id].keys() == {CHANNEL, "C0ELSE", "C0SECRET", "D0N3A"}
    assert seen[ON_CALL.id].keys() == {CHANNEL, "C0ELSE", "D0ONCALL"}
    assert seen[GUEST.id].keys() == {CHANNEL, "D0GUEST"}
    assert "metadata" not in seen[GUEST.id][CHANNEL][0]
    state = await get(session, f"{workspace.url}/human/state?user={GUEST.id}")
    assert {channel["id"] for channel in state["channels"]} == {CHANNEL, "D0GUEST"}
    whole = await get(session, f"{workspace.url}/human/state")
    assert {"id": "U0GUEST", "name": "Guest", "title": "", "is_bot": False, "is_guest": True} in whole[
        "users"
    ]
    assert whole["commands"][0]["command"] == "/vigie"
    refused = await post(
        session, workspace.url + "/human/say", user=GUEST.id, channel="C0SECRET", text="hello"
    )
    assert refused == {"ok": False, "error": "channel_not_found"}


async def test_deeds_over_http(
    workspace: Workspace, wire: Wire, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """Say, command, click, submit and close work as the page sends them."""
    human = workspace.url + "/human/"
    said = await post(session, human + "say", user=ON_CALL.id, channel=CHANNEL, text="slow")
    assert said["ok"] is True
    wire.answer = {"text": "helped"}
    place = {"user": N3_A.id, "channel": CHANNEL}
    assert (await post(session, human + "command", **place, text="/vigie help"))["response"] == "helped"
    wire.answer = {}
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()], thread_ts=said["ts"])
    click = {"message_ts": posted["ts"], "block_id": "remedy", "action_id": "sign", "value": "p-1"}
    assert (await post(session, human + "click", **place, **click))["ok"] is True
    trigger = wire.envelopes("block_actions")[0]["payload"]["trigger_id"]
    await client.views_open(trigger_id=trigger, view=modal())
    messages = await get(session, f"{human}messages?user={N3_A.id}")
    (view,) = messages["views"]
    assert "private_metadata" not in view
    entry = {"why": {"text": {"type": "plain_text_input", "value": ""}}}
    refused = await post(session, human + "submit", user=N3_A.id, view_id=view["id"], values=entry)
    assert (refused["ok"], refused["errors"].keys()) == (False, {"why"})
    assert (await post(session, human + "close", user=N3_A.id, view_id=view["id"]))["ok"] is True
    assert workspace.views_of(N3_A.id) == []
    gone = await post(session, human + "close", user=N3_A.id, view_id=view["id"])
    assert gone == {"ok": False, "error": "not_found"}
    assert (await post(session, human + "say", user=N3_A.id, channel=CHANNEL))["field"] == "text"


async def test_stream_tells_as_it_happens(
    workspace: Workspace, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    """A page hears of posts, edits, ephemerals, Home and deletions, and of nothing hidden from its person."""
    got: list[dict[str, Any]] = []
    opened = asyncio.Event()

    async def listen() -> None:
        url = f"{workspace.url}/human/stream?user={ON_CALL.id}"
        async with session.get(url, headers=TOKEN) as stream:
            async for line in stream.content:
                opened.set()
                if line.startswith(b"data: "):
                    got.append(json.loads(line[6:]))

    task = asyncio.create_task(listen())
    await asyncio.wait_for(opened.wait(), 3)
    await workspace.say(N3_A.id, "C0SECRET", "between us")
    await client.chat_postEphemeral(channel=CHANNEL, user=N3_A.id, text="not for you")
    posted = await client.chat_postMessage(channel=CHANNEL, text="open")
    await client.chat_update(channel=CHANNEL, ts=posted["ts"], text="closed")
    await client.chat_postEphemeral(channel=CHANNEL, user=ON_CALL.id, text="for you")
    await client.views_publish(user_id=ON_CALL.id, view={"type": "home", "blocks": [button()]})
    await client.chat_delete(channel=CHANNEL, ts=posted["ts"])
    async with asyncio.timeout(3):
        while len(got) < 5:
            await asyncio.sleep(0.005)
    task.cancel()
    kinds = ["message", "message_changed", "ephemeral", "home", "message_deleted"]
    assert [event["type"] for event in got] == kinds
    assert [got[n]["message"]["text"] for n in range(3)] == ["open", "closed", "for you"]
    assert got[3]["view"]["type"] == "home"
    assert got[4]["ts"] == posted["ts"]


async def test_streams_end_with_the_server(session: aiohttp.ClientSession) -> None:
    """Stopping does not wait for open pages."""
    workspace = new_workspace()
    await workspace.start()
    async with session.get(f"{workspace.url}/human/stream?user={ON_CALL.id}", headers=TOKEN) as stream:
        await stream.content.readline()
        await asyncio.wait_for(workspace.stop(), 2)


async def test_demo(served: Workspace, workspace: Workspace, session: aiohttp.ClientSession) -> None:
    """The demo's state and deeds pass through; without a demo they are refused."""
    assert (await post(session, served.url + "/demo/act", name="break", arguments={"fault": "lock"}))[
        "ok"
    ] is True
    assert (await get(session, served.url + "/demo/state"))["broken"] is True
    assert (await get(session, workspace.url + "/demo/state"))["error"] == "no_demo"
