"""HTTP mode: signed requests, retries with their headers, the challenge, and what people see of a failure."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.workspace import Refused, Workspace

from . import shapes
from .conftest import N3_A, ON_CALL, button, client_for, modal, new_workspace, open_wire

CHANNEL = "C0INC"
SECRET = "signing-secret-of-the-test"


@dataclass
class Door:
    """A request URL that keeps what came, and answers as it is told."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Callable[[], web.Response]] = field(default_factory=list)
    challenge: bool = True
    hangs: bool = False

    async def answer(self, request: web.Request) -> web.Response:
        """The next answer, or 200."""
        body = await request.read()
        if self.challenge and b"url_verification" in body:
            return web.Response(text=json.loads(body)["challenge"])
        self.got.append((dict(request.headers), body))
        if self.hangs:
            await asyncio.sleep(30)
        return self.answers.pop(0)() if self.answers else web.Response()

    def payloads(self) -> list[dict[str, Any]]:
        """What came, decoded."""
        return [_decoded(body) for _, body in self.got]

    async def wait(self, count: int) -> None:
        """Waits until that much has come."""
        async with asyncio.timeout(10):
            while len(self.got) < count:
                await asyncio.sleep(0.005)


def _decoded(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        return dict(json.loads(body))
    fields = {key: value[0] for key, value in parse_qs(body.decode(), keep_blank_values=True).items()}
    return dict(json.loads(fields["payload"])) if "payload" in fields else fields


async def serve(answer: Callable[[web.Request], Any]) -> tuple[web.AppRunner, str]:
    """A server on a free port, and the address at which it answers."""
    app = web.Application()
    app.add_routes([web.post("/slack/events", answer), web.route("*", "/again", answer)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A request URL."""
    one = Door()
    runner, one.url = await serve(one.answer)
    yield one
    await runner.cleanup()


@pytest.fixture
async def called(door: Door) -> AsyncIterator[Workspace]:
    """A workspace that calls the door."""
    workspace = new_workspace(signing_secret=SECRET, http_retry_pauses=(0.0, 0.02, 0.04), ack_seconds=3.0)
    await workspace.start()
    await workspace.deliver_to(door.url)
    yield workspace
    await workspace.stop()


async def test_an_address_must_answer_the_challenge(called: Workspace, door: Door) -> None:
    """An address that does not is refused, and the old one stays; JSON is an answer too."""
    door.challenge = False
    with pytest.raises(Refused, match="url_verification_failed"):
        await called.deliver_to(door.url)
    with pytest.raises(Refused, match="url_verification_failed"):
        await called.deliver_to("http://127.0.0.1:1/slack/events")
    await called.say(ON_CALL.id, CHANNEL, "still there")
    await door.wait(2)


async def test_everything_is_signed(called: Workspace, door: Door) -> None:
    """Slack's own verifier takes events, commands and clicks; their shapes are those of the socket."""
    await called.say(ON_CALL.id, CHANNEL, "slow")
    await door.wait(1)
    await called.command(ON_CALL.id, CHANNEL, "/vigie help & more")
    client = AsyncWebClient("xoxb-test", called.api_url, retry_handlers=[])
    posted = await client.chat_postMessage(channel=CHANNEL, text="x", blocks=[button()])
    await door.wait(3)
    await called.click(N3_A.id, CHANNEL, posted["ts"], "sign")
    verifier = SignatureVerifier(SECRET)
    for headers, body in door.got:
        assert verifier.is_valid_request(body, headers)
        assert "X-Slack-Retry-Num" not in headers
    event, command, _, click = door.payloads()
    assert door.got[0][0]["Content-Type"] == "application/json"
    assert event.keys() == shapes.EVENT_CALLBACK
    assert event["event"].keys() == shapes.MESSAGE
    assert door.got[1][0]["Content-Type"] == "application/x-www-form-urlencoded"
    assert command.keys() == shapes.SLASH_COMMAND | {"is_enterprise_install"}
    assert command["text"] == "help & more"
    assert click.keys() == shapes.CLICK_IN_MESSAGE


def _status(status: int, **headers: str) -> Callable[[], web.Response]:
    return lambda: web.Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def _retries(door: Door) -> list[tuple[str | None, str | None]]:
    """Number and reason of each delivery; what a redirect leads to is part of the same delivery."""
    headers = [headers for headers, _ in door.got]
    return list(dict.fromkeys((h.get("X-Slack-Retry-Num"), h.get("X-Slack-Retry-Reason")) for h in headers))


async def test_retries_say_which_and_why(called: Workspace, door: Door) -> None:
    """Refused, redirected for ever, refused, refused: four deliveries of one event, and no fifth."""
    redirects = [_status(307, Location="/again")] * 3
    door.answers = [_status(500), *redirects, _status(403), _status(503), _status(500)]
    await called.say(ON_CALL.id, CHANNEL, "slow")
    await door.wait(6)
    await asyncio.sleep(0.1)
    reasons = [("1", "http_error"), ("2", "too_many_redirects"), ("3", "http_error")]
    assert _retries(door) == [(None, None), *reasons]
    assert (len(door.got), len({payload["event_id"] for payload in door.payloads()})) == (6, 1)


async def test_an_app_can_ask_for_no_retry(called: Workspace, door: Door) -> None:
    """X-Slack-No-Retry on a refusal ends it; a redirect or two are followed."""
    door.answers = [_status(500, X_Slack_No_Retry="1"), _status(307, Location="/again")]
    await called.say(ON_CALL.id, CHANNEL, "one")
    await door.wait(1)
    await asyncio.sleep(0.1)
    assert len(door.got) == 1
    await called.say(ON_CALL.id, CHANNEL, "two")
    await door.wait(3)
    await asyncio.sleep(0.1)
    assert _retries(door) == [(None, None)]


async def test_a_slow_app_hears_it_again(door: Door) -> None:
    """After the time for an ack the event is sent again, and people read of an operation_timeout."""
    workspace = new_workspace(signing_secret=SECRET, http_retry_pauses=(0.0,), ack_seconds=0.1)
    await workspace.start()
    await workspace.deliver_to(door.url)
    door.hangs = True
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    await door.wait(2)
    assert _retries(door) == [(None, None), ("1", "http_timeout")]
    outcome = await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")
    assert outcome.response == '/vigie failed with the error "operation_timeout"'
    await workspace.stop()


async def test_lost_acks_and_copies(called: Workspace, door: Door) -> None:
    """An ack that is lost means one more delivery; an ordered copy comes though it was answered."""
    called.faults.drop_acks()
    await called.say(ON_CALL.id, CHANNEL, "slow")
    await door.wait(2)
    assert _retries(door)[1] == ("1", "http_timeout")
    called.faults.redeliver(3)
    await called.say(ON_CALL.id, CHANNEL, "slow")
    await door.wait(5)
    assert (await called.command(ON_CALL.id, CHANNEL, "/vigie help")).ok
    assert len({p["trigger_id"] for p in door.payloads() if "command" in p}) == 1
    assert len(door.got) == 8


@pytest.mark.parametrize(
    ("status", "error"), [(404, "http_client_error"), (500, "http_service_error"), (201, "")]
)
async def test_what_people_see_of_a_failure(called: Workspace, door: Door, status: int, error: str) -> None:
    """Commands and clicks are sent once; anything but 2xx is a failure with its code."""
    door.answers = [_status(status)]
    assert (await called.command(ON_CALL.id, CHANNEL, "/vigie help")).error == error
    assert len(door.got) == 1


async def test_nobody_answers(called: Workspace) -> None:
    """An address that is gone gives dispatch_failed, and the event waits for its retries."""
    runner, url = await serve(Door().answer)
    await called.deliver_to(url)
    await runner.cleanup()
    assert (await called.command(ON_CALL.id, CHANNEL, "/vigie help")).error == "dispatch_failed"


async def test_bodies_are_acks(called: Workspace, door: Door, session: aiohttp.ClientSession) -> None:
    """A command is answered with JSON or plain text; a submission with its response_action."""
    door.answers = [lambda: web.json_response({"text": "all", "response_type": "in_channel"})]
    assert (await called.command(N3_A.id, CHANNEL, "/vigie help")).response == "all"
    assert called.messages(CHANNEL)[0]["text"] == "all"
    await door.wait(2)  # the answer in the channel is told to the app as well
    door.answers = [lambda: web.Response(text="plain")]
    assert (await called.command(N3_A.id, CHANNEL, "/vigie help")).response == "plain"
    assert called.ephemerals(N3_A.id)[0]["text"] == "plain"
    trigger = [p for p in door.payloads() if "command" in p][-1]["trigger_id"]
    opened = await client_for(called, session).views_open(trigger_id=trigger, view=modal())
    errors = {"response_action": "errors", "errors": {"why": "Say more."}}
    door.answers = [
        lambda: web.json_response(errors),
        lambda: web.json_response({"response_action": "clear"}),
    ]
    values = {"why": {"text": "fine"}}
    refused = await called.submit(N3_A.id, opened["view"]["id"], values)
    assert (refused.ok, refused.errors) == (False, {"why": "Say more."})
    assert (await called.submit(N3_A.id, opened["view"]["id"], values)).ok
    assert called.views_of(N3_A.id) == []


async def test_socket_mode_is_off(called: Workspace, session: aiohttp.ClientSession) -> None:
    """A socket that opens is told link_disabled and closed."""
    wire = await open_wire(called, session)
    assert wire.got[0]["reason"] == "link_disabled"
    assert called.connections == 0


async def test_both_ways(door: Door, session: aiohttp.ClientSession) -> None:
    """By both ways an event has one event_id, and the socket's ack counts."""
    workspace = new_workspace(signing_secret=SECRET, ack_seconds=3.0)
    await workspace.start()
    wire = await open_wire(workspace, session, answer={"text": "by socket"})
    await workspace.deliver_to(door.url, "both")
    await workspace.say(ON_CALL.id, CHANNEL, "slow")
    await door.wait(1)
    (envelope,) = await wire.wait("message")
    assert envelope["payload"]["event_id"] == door.payloads()[0]["event_id"]
    door.answers = [lambda: web.json_response({"text": "by http"})]
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")).response == "by socket"
    await wire.socket.close()
    await workspace.stop()


async def test_bolt_over_http(session: aiohttp.ClientSession) -> None:
    """A real Bolt app behind the address: the challenge, a mention that is answered, a command's ack."""
    workspace = new_workspace(signing_secret=SECRET, ack_seconds=3.0)
    await workspace.start()
    app = AsyncApp(client=client_for(workspace, session), signing_secret=SECRET)

    @app.event("app_mention")
    async def asked(event: dict[str, Any], client: AsyncWebClient) -> None:
        await client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text="Yes, twice.")

    @app.command("/vigie")
    async def helped(ack: Any, respond: Any) -> None:  # noqa: ANN401  # bolt's own objects
        await ack("help")
        await respond("more help")

    async def answer(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    runner, url = await serve(answer)
    await workspace.deliver_to(url)
    ts = await workspace.say(ON_CALL.id, CHANNEL, "@vigie have we seen this before?")
    assert (await workspace.command(ON_CALL.id, CHANNEL, "/vigie help")).response == "help"
    async with asyncio.timeout(10):
        while not workspace.replies(CHANNEL, ts) or len(workspace.ephemerals(ON_CALL.id)) < 2:
            await asyncio.sleep(0.005)
    assert workspace.replies(CHANNEL, ts)[0]["text"] == "Yes, twice."
    await workspace.stop()
    await runner.cleanup()
