"""R8 and E7: a hostile page in the same browser acts nowhere, and what a model wrote is never markup."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Browser, Page, expect

import bot.playground
from bot.store import tables
from tests.attacks.browser import NAME, Answers, Foreign, foreign_server
from tests.attacks.over_http import PATH, SECRET, body_of, command, headers_for
from tests.chromium import chromium
from tests.scripted_model import ScriptedModel, call
from tests.world import CHANNEL, N3_A, ON_CALL, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

MARKUP = (
    "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
    '<svg onload="document.title = 1"><iframe src="javascript:alert(1)"></iframe> [x](javascript:alert(1))'
    ' <a href="javascript:alert(1)" onclick=alert(1)>click</a> <style>* { display: none }</style>'
)
SAYS = {"user": ON_CALL.id, "channel": CHANNEL, "text": "forged"}
_ROWS = ("incidents", "alerts", "proposals", "sign_offs", "freezes", "inbox", "audit")


class Panel:
    """A demo behind the page that remembers what it was told to do."""

    def __init__(self) -> None:
        self.acts: list[str] = []

    async def state(self) -> dict[str, Any]:
        return {"shop": {"status": "ok", "summary": "", "numbers": []}, "faults": [], "next": []}

    async def act(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.acts.append(name)
        return {"ok": True}


PANEL = Panel()


def _model(_asked: dict[str, Any]) -> Any:  # noqa: ANN401  # a Reply
    guess = {"cause": MARKUP[:190], "statement": MARKUP, "confidence": 0.9, "citations": ["E1"]}
    return call({"hypotheses": [guess], "remedies": [], "advice": [MARKUP], "gaps": [MARKUP]})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie with a model that writes markup, called over HTTP too, in a workspace with its page."""
    page = Path(bot.playground.__path__[0]) / "page"
    async with ScriptedModel(_model) as model:
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk-test"}
        environment |= {"SLACK_SIGNING_SECRET": SECRET}
        folder = tmp_path_factory.mktemp("foreign")
        async with world(folder, environment=environment, page_folder=page, demo=PANEL) as running:
            await running.until("the model", lambda: "the model is ready" in running.logged(), 50)
            await running.until("a connection", lambda: running.place.connections)
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def foreign() -> AsyncIterator[Foreign]:
    async with foreign_server() as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="module")
async def victim(browser: Browser, vigie: World) -> AsyncIterator[Page]:
    """Somebody's browser with the workspace's page open, and its cookie."""
    context = await browser.new_context()
    context.set_default_timeout(10_000)
    page = await context.new_page()
    await page.goto(vigie.place.page_url)
    await page.wait_for_selector("#sidebar .channel")
    yield page
    await context.close()


def port_of(vigie: World) -> int:
    return int(vigie.place.url.rpartition(":")[2])


def state(vigie: World) -> dict[str, Any]:
    """All that a foreign page could want to change, in Vigie and in the workspace."""
    rows = {name: vigie.rows(sa.select(tables.metadata.tables[name])) for name in _ROWS}
    spoken = [m["text"] for m in vigie.place.messages(CHANNEL) if not m.get("bot_id")]
    return rows | {"spoken": spoken, "acts": list(PANEL.acts), "views": vigie.place.views_of(ON_CALL.id)}


async def visit(victim: Page, foreign: Foreign, host: str) -> Page:
    """The victim follows a link to the foreign page, in another tab of the same browser."""
    page = await victim.context.new_page()
    await page.goto(foreign.page(host))
    return page


# The cookie is for a site, and ports do not part sites: under the first name the browser does send it.
HOSTS = ["127.0.0.1", "localhost", NAME]


@pytest.mark.attack("R8")
@pytest.mark.parametrize("host", HOSTS)
async def test_no_post_of_a_foreign_page_acts_in_the_workspace(
    vigie: World, victim: Page, foreign: Foreign, host: str
) -> None:
    """Fetch, form and beacon with every content type: each deed of the page and of the app's side refuses."""
    page = await visit(victim, foreign, host)
    before, answers = state(vigie), Answers().watch(page)
    deeds: dict[str, dict[str, Any]] = {
        "/human/say": SAYS,
        "/human/command": SAYS | {"text": "/vigie freeze forged"},
        "/human/home": SAYS,
        "/demo/act": {"name": "break", "arguments": {"fault": "lock"}},
        "/api/chat.postMessage": SAYS | {"token": vigie.place.bot_token},
        "/respond/T0VIGIE/guessed": {"text": "forged"},
    }
    for path, body in deeds.items():
        await page.evaluate("([address, body]) => posts(address, body)", [vigie.place.url + path, body])
    await vigie.settle(0.5)
    assert answers.statuses(port_of(vigie), "POST") == {403}
    assert state(vigie) == before


@pytest.mark.attack("R8")
@pytest.mark.parametrize("host", HOSTS)
async def test_no_post_of_a_foreign_page_acts_in_vigie(
    vigie: World, victim: Page, foreign: Foreign, host: str
) -> None:
    """Alerts, forged interactions and the local socket's path: refused at the door, and nothing is stored."""
    page = await visit(victim, foreign, host)
    before, answers = state(vigie), Answers().watch(page)
    alert = {"version": "4", "status": "firing", "alerts": [vigie.alert("svc-1")]}
    deeds = {
        "/alerts/alertmanager": alert,
        PATH: command(vigie, N3_A, "freeze"),
        "/search": {"query": "x", "k": 1},
    }
    for path, body in deeds.items():
        address = f"http://127.0.0.1:{vigie.port}{path}"
        await page.evaluate("([address, body]) => posts(address, body)", [address, body])
    await vigie.settle(0.5)
    assert answers.statuses(vigie.port, "POST") == {403}
    assert state(vigie) == before


@pytest.mark.attack("R8")
@pytest.mark.parametrize("host", HOSTS)
async def test_no_foreign_page_listens_or_reads(
    vigie: World, victim: Page, foreign: Foreign, host: str
) -> None:
    """No event stream, no socket, no answer as text, script, style or picture, of either server."""
    page = await visit(victim, foreign, host)
    here, there = vigie.place.url, f"http://127.0.0.1:{vigie.port}"
    listening = set(vigie.place._core.feed._queues)  # a page that was closed may leave it meanwhile
    for path in (f"/human/stream?user={ON_CALL.id}", "/link"):
        assert await page.evaluate("address => stream(address)", here + path) == "refused"
    assert set(vigie.place._core.feed._queues) <= listening, "the browser hid the stream; the server gave it"
    ticket = vigie.place._core.link.socket.ticket()
    sockets = [f"/link?ticket={ticket}", "/link?ticket=guessed", f"/human/stream?user={ON_CALL.id}"]
    for path in sockets:
        address = here.replace("http", "ws") + path
        assert await page.evaluate("address => socket(address)", address) == "refused"
    for address in (f"{here}/human/messages?user={ON_CALL.id}", f"{there}/metrics", f"{there}/health"):
        ends = await page.evaluate("address => readings(address)", address)
        assert set(ends.values()) == {"refused"}, (address, ends)
    assert vigie.place.connections == 1


@pytest.mark.attack("R8")
@pytest.mark.parametrize("host", HOSTS)
async def test_neither_server_can_be_framed(vigie: World, victim: Page, foreign: Foreign, host: str) -> None:
    """No click can be stolen: the frame shows the browser's own error in place of the page."""
    page = await visit(victim, foreign, host)
    for address in (f"{vigie.place.url}/", f"http://127.0.0.1:{vigie.port}/health"):
        await page.evaluate("address => { frame('theft').src = address }", address)
        await page.wait_for_timeout(700)
    inner = [frame.url for frame in page.frames if frame is not page.main_frame]
    assert inner == ["chrome-error://chromewebdata/"] * 2, inner


@pytest.mark.attack("R8")
async def test_a_rebound_name_is_not_served(vigie: World, browser: Browser) -> None:
    """A name of the attacker that leads here: the browser takes us for their page; both servers refuse."""
    # Their page was loaded from them before the name changed, so our policy does not bind it.
    context = await browser.new_context(bypass_csp=True)
    page = await context.new_page()
    answers = Answers().watch(page)
    token = vigie.place.page_token
    await page.goto(f"http://{NAME}:{port_of(vigie)}/?token={token}")
    assert await page.context.cookies(f"http://{NAME}:{port_of(vigie)}/") == []
    before = state(vigie)
    headers = {"Content-Type": "application/json", "X-Workspace-Token": token}
    ask = "([path, options]) => fetch(path, options).then((answer) => answer.status)"
    said = {"method": "POST", "headers": headers, "body": '{"user": "U0ONCALL", "text": "forged"}'}
    for path, options in (("/human/say", said), ("/human/state", {"headers": headers}), ("/link", {})):
        assert await page.evaluate(ask, [path, options]) == 403
    assert answers.statuses(port_of(vigie), "GET", "POST") == {403}

    await page.goto(f"http://{NAME}:{vigie.port}/health")
    for path in ("/alerts/alertmanager", PATH):
        assert await page.evaluate(ask, [path, {"method": "POST", "body": "{}"}]) == 403
    assert state(vigie) == before
    await context.close()


ORIGINS = [
    "http://evil.example",
    "http://127.0.0.1:1",
    "http://localhost",
    "null",
    "",
    "https://127.0.0.1:{port}",
]


@pytest.mark.attack("R8")
@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_foreign_origin_is_refused_whatever_it_knows(vigie: World, origin: str) -> None:
    """With the right token, bearer or signature too: a page that stole one still cannot use it."""
    before = state(vigie)
    body = body_of(command(vigie, N3_A, "freeze"))
    alert = {"version": "4", "status": "firing", "alerts": [vigie.alert("svc-1")]}
    own = {"X-Workspace-Token": vigie.place.page_token, "Content-Type": "application/json"}
    foreign = {"Origin": origin.format(port=port_of(vigie))}
    bearer = {"Authorization": f"Bearer {vigie.token}"}
    assert (await vigie.post(alert, headers=bearer | foreign))[0] == 403
    assert (await vigie.post(body, headers=headers_for(body) | foreign, path=PATH))[0] == 403
    app = {"Authorization": f"Bearer {vigie.place.bot_token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(trust_env=False) as session:
        for path, headers in (("/human/say", own), ("/api/chat.postMessage", app), ("/demo/act", own)):
            url = vigie.place.url + path
            async with session.post(url, json=SAYS, headers=headers | foreign) as answer:
                assert answer.status == 403, path
        for path in (f"/human/stream?user={ON_CALL.id}", "/human/state", "/"):
            async with session.get(vigie.place.url + path, headers=own | foreign) as answer:
                assert answer.status == 403, path
    assert state(vigie) == before


@pytest.mark.attack("R8")
async def test_without_an_origin_the_token_decides(vigie: World) -> None:
    """What is no browser brings no Origin: without the token it does nothing either, and ids are no keys."""
    before = state(vigie)
    paths = ["/human/say", "/human/command", "/human/click", "/human/submit", "/human/close", "/demo/act"]
    tokens = ["", "guess", vigie.place.page_token[:-1], vigie.place.page_token.swapcase()]
    async with aiohttp.ClientSession(trust_env=False) as session:
        for path in paths:
            for token in tokens:
                headers = {"X-Workspace-Token": token, "Cookie": f"workspace-{port_of(vigie)}={token}"}
                url = f"{vigie.place.url}{path}?token={vigie.place.page_token}"
                async with session.post(url, json=SAYS, headers=headers) as answer:
                    assert answer.status == 403, (path, token)
        own = {"X-Workspace-Token": vigie.place.page_token}
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            headers, body = own | {"Content-Type": kind}, json.dumps(SAYS)
            async with session.post(f"{vigie.place.url}/human/say", data=body, headers=headers) as answer:
                assert answer.status == 403, "what a form can send is no request of the page"
        async with session.post(f"{vigie.place.url}/respond/T0VIGIE/guess", json={"text": "x"}) as answer:
            assert answer.status == 404
        async with session.get(f"{vigie.place.url}/link?ticket=guess") as answer:
            assert answer.status == 403
    assert state(vigie) == before


@pytest.mark.attack("R8")
async def test_the_token_does_not_leave_with_a_link(vigie: World, victim: Page, foreign: Foreign) -> None:
    """Whoever follows a link in a message tells the other side neither the token nor where they come from."""
    await vigie.place.say(N3_A.id, CHANNEL, f"look: {foreign.page('localhost')}")
    foreign.headers.clear()
    async with victim.context.expect_page() as opened:
        await victim.locator("#messages a").last.click()
    page = await opened.value
    await page.wait_for_load_state()
    (followed,) = [headers for headers in foreign.headers if headers.get("Sec-Fetch-Mode") == "navigate"]
    assert "Referer" not in followed
    assert await page.evaluate("window.opener") is None
    assert vigie.place.page_token not in victim.url


@pytest.mark.attack("R8")
async def test_the_local_socket_is_its_owner_s_alone(vigie: World) -> None:
    """The socket of the local commands is no port but a file that only its owner may open."""
    folder = vigie.folder / "data"
    path = folder / "vigie.sock"
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(folder.stat().st_mode)) == (0o600, 0o700)
    assert (await vigie.post({"query": "x", "k": 1}, path="/search"))[0] == 404


@pytest.mark.attack("R8")
async def test_the_own_page_is_served(vigie: World, victim: Page) -> None:
    """The guards refuse others only: the same request from the workspace's own page speaks."""
    ask = "body => fetch('/human/say', {method: 'POST', headers: {'Content-Type': 'application/json'}, body})"
    await victim.evaluate(ask, '{"user": "U0ONCALL", "channel": "C0INCIDENTS", "text": "not forged"}')
    assert [m for m in vigie.place.messages(CHANNEL) if m["text"] == "not forged"]


@pytest.mark.attack("E7")
async def test_what_a_model_wrote_is_never_markup(vigie: World, victim: Page) -> None:
    """Script, handlers, frames and styles in a model's answer are letters on the page, and nothing runs."""
    alarms: list[str] = []
    victim.on("dialog", lambda dialog: alarms.append(dialog.message))
    victim.on("pageerror", lambda error: alarms.append(str(error)))
    incident = await vigie.incident(vigie.break_target(), summary=MARKUP, description=MARKUP)
    await victim.click(f'[data-ts="{(await vigie.message(f"incident:{incident.id}"))["ts"]}"] .replies')
    thread = victim.locator("#thread")
    await expect(thread).to_contain_text("<script>document.title = 'taken'</script>")
    await expect(thread).to_contain_text("click</a>")
    alive = "script, img, iframe, style, svg:not(.emoji), [onerror], [onload], [onclick], a[href^=javascript]"
    assert await victim.locator(f"#thread .blocks :is({alive})").count() == 0
    assert await victim.locator(f"#messages .blocks :is({alive})").count() == 0
    assert await victim.title() != "taken"
    assert alarms == []


@pytest.mark.attack("E7")
async def test_the_page_s_policy_runs_no_inline_script(victim: Page) -> None:
    """Even if markup came alive: an inline script, a handler and a foreign script do not run."""
    await victim.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.ran = true";
          const foreign = document.createElement("script");
          foreign.src = "http://evil.example/x.js";
          const handler = document.createElement("div");
          handler.innerHTML = '<img src="/none" onerror="window.ran = true">';
          document.body.append(script, foreign, handler);
        }"""
    )
    await victim.wait_for_timeout(300)
    assert await victim.evaluate("window.ran") is None
