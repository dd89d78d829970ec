"""The real page in a real browser, against the real local workspace, with a slack-bolt app behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Dialog, Page
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import bot.playground
from bot.playground.workspace import Channel, Person, Workspace
from tests.chromium import chromium

Json = dict[str, Any]
CHANNEL = "C0INCIDENTS"
ON_CALL = "U0ONCALL"
N3_A = "U0N3A"
PAGE = Path(bot.playground.__path__[0]) / "page"


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def _option(value: str) -> Json:
    return {"text": plain(value), "value": value}


def _field(block: str, element: Json, **more: object) -> Json:
    return {
        "type": "input",
        "block_id": block,
        "label": plain(block),
        "element": element | {"action_id": "it"},
        **more,
    }


FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Sign"),
    "submit": plain("Sign and run"),
    "blocks": [
        _field("reason", {"type": "plain_text_input", "multiline": True, "initial_value": "pool exhausted"}),
        _field("code", {"type": "plain_text_input"}),
        _field("host", {"type": "static_select", "options": [_option("web-1"), _option("web-2")]}),
        _field("when", {"type": "radio_buttons", "options": [_option("now"), _option("later")]}),
        {
            "type": "actions",
            "block_id": "more",
            "elements": [{"type": "button", "action_id": "go_on", "text": plain("More…")}],
        },
        _field("tell", {"type": "checkboxes", "options": [_option("team"), _option("boss")]}, optional=True),
    ],
}

SECOND: Json = {
    "type": "modal",
    "callback_id": "second",
    "title": plain("What else"),
    "blocks": [{"type": "section", "text": plain("A view on top of the first.")}],
}


@dataclass
class Shop:
    """A demo for the panel: one fault, which `break` switches on, and a tour of two steps."""

    broken: bool = False
    run: str = "first"
    storm: Json | None = None
    done: set[str] = field(default_factory=set)
    where: dict[str, Json] = field(default_factory=dict)
    acts: list[tuple[str, Json]] = field(default_factory=list)

    async def state(self) -> Json:
        """What the panel shows."""
        fault = {"name": "hang", "title": "Hang a worker", "what": "One stops.", "active": self.broken}
        number = {"name": "Errors", "value": 41 if self.broken else 0, "unit": "%", "bad": self.broken}
        summary = "Orders fail." if self.broken else "Orders go through."
        numbers = [number | {"history": [0, None, 3, number["value"]]}]
        return {
            "run": self.run,
            "shop": {"status": "down" if self.broken else "ok", "summary": summary, "numbers": numbers},
            "faults": [fault | {"by_hand": "Put it back" if self.broken else ""}],
            "storm": self.storm,
            "tour": [self._step("break", "Break the shop"), self._step("thread", "Open the thread")],
            "hints": [
                {"command": "/vigie", "usage": "ask why?", "about": "an answer"},
                {"command": "/vigie", "usage": "status", "about": "what is open"},
            ],
            "can_restart": True,
        }

    async def act(self, name: str, arguments: Json) -> Json:
        """Breaks the shop, or sets it right."""
        self.acts.append((name, arguments))
        if name == "storm":
            self.storm = {
                "fault": "hang",
                "sent": 120,
                "of": 300,
                "ended": False,
                "error": "",
                "incidents": 0,
            }
        if name in ("break", "mend", "start_over"):
            self.broken = name == "break"
        return {"ok": True}

    def did(self, name: str) -> list[Json]:
        """The arguments of each act of that name."""
        return [arguments for act, arguments in self.acts if act == name]

    def _step(self, key: str, title: str) -> Json:
        done = key in self.done
        return {"key": key, "title": title, "how": "How.", "done": done, "place": self.where.get(key)}


@dataclass
class Desk:
    """What a test has in hand: the workspace, the app's client, what the app was told, and the demo."""

    workspace: Workspace
    client: AsyncWebClient
    shop: Shop
    clicks: list[Json] = field(default_factory=list)
    submitted: list[Json] = field(default_factory=list)
    commands: list[Json] = field(default_factory=list)

    async def post(self, **message: object) -> str:
        """Posts as the app in the channel; returns the timestamp."""
        answer = await self.client.chat_postMessage(channel=CHANNEL, **({"text": "message"} | message))  # type: ignore[arg-type]  # the test gives fitting keywords
        return str(answer["ts"])


def _app(desk: Desk) -> AsyncApp:
    app = AsyncApp(client=desk.client, signing_secret="unused")

    @app.action("open_form")
    async def open_form(ack: Callable[[], Awaitable[None]], body: Json) -> None:
        await ack()
        desk.clicks.append(body)
        await desk.client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.action("go_on")
    async def go_on(ack: Callable[[], Awaitable[None]], body: Json) -> None:
        await ack()
        await desk.client.views_push(trigger_id=body["trigger_id"], view=SECOND)

    @app.action("press")
    async def press(ack: Callable[[], Awaitable[None]], body: Json) -> None:
        await ack()
        desk.clicks.append(body)

    @app.view("form")
    async def form(ack: Callable[..., Awaitable[None]], view: Json) -> None:
        values = view["state"]["values"]
        if values["code"]["it"]["value"] == "silent":
            return  # no ack: the form stays
        if values["code"]["it"]["value"] != "c21e":
            await ack(response_action="errors", errors={"code": "Read the digest again."})
            return
        desk.submitted.append(values)
        await ack()

    @app.command("/vigie")
    async def command(ack: Callable[[], Awaitable[None]], body: Json) -> None:
        desk.commands.append(body)
        if "sleep" in body["text"]:
            return  # no ack: the person sees operation_timeout
        await ack()

    return app


@pytest_asyncio.fixture(loop_scope="module")
async def desk() -> AsyncIterator[Desk]:
    """A workspace that serves the page, with the app connected by Socket Mode."""
    shop = Shop()
    people = [
        Person(ON_CALL, "On-call", "Engineer on call"),
        Person(N3_A, "N3 A", "Senior engineer"),
        Person("U0GUEST", "Guest", is_guest=True),
    ]
    everybody = (ON_CALL, N3_A, "U0BOT")
    workspace = Workspace(
        people=people,
        channels=[
            Channel(CHANNEL, "incidents", members=everybody),
            Channel("C0GENERAL", "general", members=everybody),
        ],
        app_id="A0VIGIE",
        bot=Person("U0BOT", "Vigie", is_bot=True),
        bot_token="xoxb-page",
        app_token="xapp-page",
        page_token="page-token",
        page_folder=PAGE,
        demo=shop,
        ack_seconds=0.5,
    )
    await workspace.start()
    made = Desk(workspace, AsyncWebClient("xoxb-page", base_url=workspace.api_url), shop)
    socket = AsyncSocketModeHandler(_app(made), "xapp-page")
    await socket.connect_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped
    try:
        yield made
    finally:
        await socket.close_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped
        await workspace.stop()


# Starting a browser takes seconds: one for each file of tests, a fresh context for each test.
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium with a fresh profile."""
    async with chromium() as started:
        yield started


@dataclass
class Visit:
    """An open page, and what went wrong on it: errors, refused scripts and styles, dialogs of the browser."""

    page: Page
    trouble: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Collects trouble from now on."""
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("console", self._console)

    async def _dialog(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _console(self, line: ConsoleMessage) -> None:
        # the browser itself reports a refused upload, which a test provokes
        if line.type == "error" and "413" not in line.text:
            self.trouble.append(line.text)


async def _visit(browser: Browser, address: str, **context: Any) -> AsyncIterator[Page]:  # noqa: ANN401  # playwright's own
    opened = await browser.new_context(**context)
    opened.set_default_timeout(5000)
    visit = Visit(await opened.new_page())
    visit.watch()
    await visit.page.goto(address)
    await visit.page.wait_for_selector("#sidebar .channel", state="attached")
    yield visit.page
    await opened.close()
    assert visit.trouble == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, desk: Desk) -> AsyncIterator[Page]:
    """The page as On-call. It fails the test that leaves an error or a broken content policy behind."""
    async for page in _visit(browser, desk.workspace.page_url, viewport={"width": 1500, "height": 950}):
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def phone(browser: Browser, desk: Desk) -> AsyncIterator[Page]:
    """The same on a phone."""
    size = {"width": 390, "height": 844}
    async for page in _visit(browser, desk.workspace.page_url, viewport=size, has_touch=True, is_mobile=True):
        yield page
