"""The real page in a real browser, against the real local workspace, with a slack-bolt app behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Dialog, Page, async_playwright
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

import bot.playground
from bot.playground.workspace import Channel, Person, Workspace

Json = dict[str, Any]
CHANNEL = "C0INCIDENTS"
ON_CALL = "U0ONCALL"
N3_A = "U0N3A"
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
        _field("tell", {"type": "checkboxes", "options": [_option("team"), _option("boss")]}, optional=True),
    ],
}


@dataclass
class Shop:
    """A demo for the panel: one fault, which `break` switches on."""

    broken: bool = False
    acts: list[tuple[str, Json]] = field(default_factory=list)

    async def state(self) -> Json:
        """What the panel shows."""
        fault = {"name": "hang", "title": "Hang a worker", "what": "One stops.", "active": self.broken}
        errors = {"name": "Errors", "value": 41 if self.broken else 0, "unit": "%", "bad": self.broken}
        summary = "Orders fail." if self.broken else "Orders go through."
        shop = {"status": "down" if self.broken else "ok", "summary": summary, "numbers": [errors]}
        return {"shop": shop, "faults": [fault], "next": ["Break the shop"], "can_restart": True}

    async def act(self, name: str, arguments: Json) -> Json:
        """Breaks the shop, or sets it right."""
        self.acts.append((name, arguments))
        self.broken = name == "break"
        return {"ok": True}


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

    @app.action("press")
    async def press(ack: Callable[[], Awaitable[None]], body: Json) -> None:
        await ack()
        desk.clicks.append(body)

    @app.view("form")
    async def form(ack: Callable[..., Awaitable[None]], view: Json) -> None:
        values = view["state"]["values"]
        if values["code"]["it"]["value"] != "c21e":
            await ack(response_action="errors", errors={"code": "Read the digest again."})
            return
        desk.submitted.append(values)
        await ack()

    @app.command("/vigie")
    async def command(ack: Callable[[], Awaitable[None]], body: Json) -> None:
        if "sleep" in body["text"]:
            return  # no ack: the person sees operation_timeout
        desk.commands.append(body)
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
        page_folder=Path(bot.playground.__path__[0]) / "page",
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
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        yield started
        await started.close()


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
        if line.type == "error":
            self.trouble.append(line.text)


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, desk: Desk) -> AsyncIterator[Page]:
    """The page as On-call. It fails the test that leaves an error or a broken content policy behind."""
    context = await browser.new_context(viewport={"width": 1500, "height": 950})
    context.set_default_timeout(5000)
    visit = Visit(await context.new_page())
    visit.watch()
    await visit.page.goto(desk.workspace.page_url)
    await visit.page.wait_for_selector("#sidebar .channel")
    yield visit.page
    await context.close()
    assert visit.trouble == []
