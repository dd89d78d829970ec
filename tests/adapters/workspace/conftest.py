"""A running workspace, Slack's SDK as its client, and a bare socket that shows every envelope."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Channel, Person, UserGroup, Workspace

BOT = Person("U0VIGIE", "Vigie", is_bot=True)
ON_CALL = Person("U0ONCALL", "On-call")
N3_A = Person("U0N3A", "N3 A", "Senior engineer")
GUEST = Person("U0GUEST", "Guest", is_guest=True)
WATCHER = Person("U0WATCH", "Watcher", is_bot=True)
EVERYBODY = (BOT.id, ON_CALL.id, N3_A.id, GUEST.id, WATCHER.id)
BOT_TOKEN, APP_TOKEN, PAGE_TOKEN = "xoxb-test", "xapp-test", "page-token-of-the-test"


def new_workspace(**changes: Any) -> Workspace:  # noqa: ANN401 - passes any setting on
    """A workspace with a public and a private channel, and waits short enough for tests."""
    settings: dict[str, Any] = {
        "people": [ON_CALL, N3_A, GUEST, WATCHER],
        "channels": [
            Channel("C0INC", "incidents", members=EVERYBODY),
            Channel("C0ELSE", "elsewhere", members=(ON_CALL.id,)),
            Channel("C0SECRET", "secret", private=True, members=(BOT.id, N3_A.id)),
        ],
        "user_groups": [UserGroup("S0N3", "n3", "N3 engineers", (N3_A.id,))],
        "app_id": "A0VIGIE",
        "bot": BOT,
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "page_token": PAGE_TOKEN,
        "ack_seconds": 0.5,
        "retry_pauses": (0.05, 0.05, 0.05),
    }
    return Workspace(**(settings | changes))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would send even loopback traffic to a proxy of the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    """A running workspace."""
    one = new_workspace()
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession() as one:
        yield one


def client_for(
    workspace: Workspace, session: aiohttp.ClientSession, token: str = BOT_TOKEN
) -> AsyncWebClient:
    """Slack's client, which never retries by itself here."""
    return AsyncWebClient(token=token, base_url=workspace.api_url, session=session, retry_handlers=[])


@pytest.fixture
def client(workspace: Workspace, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Slack's client with the bot token."""
    return client_for(workspace, session)


@dataclass
class Wire:
    """One bare Socket Mode connection: every message it received; acks unless told not to."""

    socket: aiohttp.ClientWebSocketResponse
    acks: bool = True
    answer: dict[str, Any] = field(default_factory=dict)
    got: list[dict[str, Any]] = field(default_factory=list)

    async def read(self) -> None:
        """Reads until the socket closes."""
        async for message in self.socket:
            one = message.json()
            self.got.append(one)
            if self.acks and "envelope_id" in one:
                payload = {"payload": self.answer} if one["accepts_response_payload"] and self.answer else {}
                await self.socket.send_json({"envelope_id": one["envelope_id"], **payload})

    def envelopes(self, kind: str = "") -> list[dict[str, Any]]:
        """The envelopes so far, of one type of payload or event, or all."""
        envelopes = [one for one in self.got if "envelope_id" in one]
        return [one for one in envelopes if kind in ("", one["payload"].get("type"), _event_type(one))]

    async def wait(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Waits until that many envelopes of a kind are there."""
        async with asyncio.timeout(3):
            while len(self.envelopes(kind)) < count:
                await asyncio.sleep(0.005)
        return self.envelopes(kind)


def _event_type(envelope: dict[str, Any]) -> str:
    return str(envelope["payload"].get("event", {}).get("type", ""))


async def open_wire(workspace: Workspace, session: aiohttp.ClientSession, **how: Any) -> Wire:  # noqa: ANN401
    """Opens a bare connection and waits for its first message."""
    opened = await client_for(workspace, session).apps_connections_open(app_token=APP_TOKEN)
    wire = Wire(await session.ws_connect(opened["url"]), **how)
    reading = asyncio.create_task(wire.read())
    wire.reading = reading  # type: ignore[attr-defined]  # kept, so that the task is not collected
    async with asyncio.timeout(3):
        while not wire.got:
            await asyncio.sleep(0.005)
    return wire


@pytest.fixture
async def wire(workspace: Workspace, session: aiohttp.ClientSession) -> AsyncIterator[Wire]:
    """One open bare connection."""
    one = await open_wire(workspace, session)
    yield one
    await one.socket.close()


def button(action_id: str = "sign", value: str = "p-1") -> dict[str, Any]:
    """An actions block with one button."""
    text = {"type": "plain_text", "text": "Sign", "emoji": True}
    element = {"type": "button", "action_id": action_id, "text": text, "value": value, "style": "primary"}
    return {"type": "actions", "block_id": "remedy", "elements": [element]}


def section(text: str) -> dict[str, Any]:
    """A section with mrkdwn text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def modal(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """A modal with one required text field."""
    plain = {"type": "plain_text", "text": "Sign"}
    label = {"type": "plain_text", "text": "Why"}
    entry = {"type": "plain_text_input", "action_id": "text", "max_length": 20}
    view = {
        "type": "modal",
        "callback_id": "sign_off",
        "title": plain,
        "submit": plain,
        "private_metadata": "for the app alone",
        "blocks": [{"type": "input", "block_id": "why", "label": label, "element": entry}],
    }
    return view | changes
