"""`vigie serve` with `mode = "http"`: Slack calls it, signed; acks are lost and events come again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from slack_bolt.async_app import AsyncApp

from bot.domain.proposal import ProposalState
from bot.playground.workspace import DEFAULT_EVENTS, DEFAULT_SCOPES, Channel
from bot.slack.http_mode import HttpMode
from tests.attacks.over_http import PATH, SECRET, body_of, command, headers_for
from tests.world import BOT, CHANNEL, N3_A, N3_B, ON_CALL, PEOPLE, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "C0ROOM"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Vigie for all, without an app token; the workspace calls it and opens no socket."""
    members = tuple(person.id for person in (*PEOPLE, BOT))
    async with world(
        tmp_path_factory.mktemp("http"),
        slack='mode = "http"',
        environment={"SLACK_SIGNING_SECRET": SECRET, "SLACK_APP_TOKEN": ""},
        channels=(Channel(CHANNEL, "incidents", members=members), Channel(ROOM, "room", members=members)),
        signing_secret=SECRET,
        events=(*DEFAULT_EVENTS, "reaction_added"),
        scopes=(*DEFAULT_SCOPES, "reactions:read"),
        http_retry_pauses=(0.0, 0.2, 0.4),
        ack_seconds=2.0,
    ) as running:
        await running.place.deliver_to(f"http://127.0.0.1:{running.port}{PATH}")
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _normal_again(vigie: World) -> AsyncIterator[None]:
    yield
    vigie.place.faults.clear()


async def test_an_incident_from_alert_to_repair(vigie: World) -> None:
    """Told, proposed, signed, executed once, though an ack is lost and the signature comes four times."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    diagnosis = await vigie.message(f"incident:{incident.id}:diagnosis")

    vigie.place.faults.drop_acks()
    lost = await vigie.place.click(ON_CALL.id, CHANNEL, diagnosis["ts"], "propose")
    assert (lost.ok, lost.error) == (False, "operation_timeout")
    await vigie.until("the proposal", lambda: bool(vigie.proposals(incident)))
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, diagnosis["ts"], "propose")).ok
    await vigie.until("being told", lambda: any("already" in text for text in vigie.told(ON_CALL)))
    (proposal,) = vigie.proposals(incident)
    await vigie.message(f"proposal:{proposal.id}", "signature(s) needed")

    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    vigie.place.faults.redeliver(4)
    assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    assert (await vigie.over(proposal)).state is ProposalState.SUCCEEDED
    await vigie.settle()
    assert len(vigie.ledger(service)) == 1
    assert len(vigie.audited("signed")) == 1


async def test_a_question_that_comes_again_is_answered_once(vigie: World) -> None:
    """Two acks are lost: Slack sends the mention, as two events, three times each."""
    vigie.place.faults.drop_acks(4)
    ts = await vigie.place.say(ON_CALL.id, ROOM, f"<@{BOT.id}> why is the value high?")
    await vigie.until("an answer", lambda: vigie.place.replies(ROOM, ts) or None)
    await vigie.settle(2)
    answers = [text_of(reply) for reply in vigie.place.replies(ROOM, ts)]
    assert [("why is the value high?" in answer) for answer in answers] == [True]


async def test_a_question_with_a_file_is_a_question(vigie: World) -> None:
    """In direct messages; an edit of it, and its deletion, are none."""
    direct = "D" + ON_CALL.id[1:]
    asked = vigie.place.upload(ON_CALL.id, direct, "log.txt", b"line", "what says the log?")
    await vigie.until("an answer", lambda: vigie.place.replies(direct, asked["ts"]) or None)
    vigie.place.edit(ON_CALL.id, direct, asked["ts"], "what said the log?")
    vigie.place.delete(ON_CALL.id, direct, asked["ts"])
    await vigie.settle()
    assert len(vigie.place.replies(direct, asked["ts"])) == 1


async def test_a_command_is_answered_in_its_ack(vigie: World) -> None:
    """The immediate answer comes in the body of the HTTP answer, whatever words the command has."""
    outcome = await vigie.place.command(ON_CALL.id, ROOM, "/vigie status")
    assert (outcome.ok, outcome.response) == (True, "/vigie status")
    assert any("Open now" in text_of(told) for told in vigie.place.ephemerals(ON_CALL.id))
    for words in ("payload", "payload={}", "&payload=1", "ssl_check=1"):
        outcome = await vigie.place.command(ON_CALL.id, ROOM, f"/vigie search {words}")
        assert (outcome.ok, outcome.response) == (True, "/vigie search")


async def test_a_refused_signature_is_told_in_the_modal(vigie: World) -> None:
    """The answer to a submission is its response_action: here another view in the place of the first."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_B, proposal)
    assert view is not None
    card = await vigie.message(f"proposal:{proposal.id}")
    assert (await vigie.place.click(N3_A.id, CHANNEL, card["ts"], "reject")).ok
    outcome = await vigie.place.submit(N3_B.id, view["id"], {})
    assert outcome.ok
    assert "Not signed" in text_of(outcome.view)
    assert vigie.ledger(service) == []


async def test_health_says_how_slack_comes_in(vigie: World) -> None:
    """HTTP, when Slack last called, and no socket was ever asked for."""
    await vigie.place.command(ON_CALL.id, ROOM, "/vigie help")
    health = json.loads((await vigie.get("/health"))[1])
    assert (health["slack"], health["slack_mode"]) == ("connected", "http")
    assert health["slack_called_at"] is not None
    assert vigie.place.calls("apps.connections.open") == []
    assert vigie.place.connections == 0


async def test_an_event_that_nobody_wants_is_not_sent_again(vigie: World) -> None:
    """It is answered with 200, as a refusal would bring it back three times."""
    event = {"type": "event_callback", "event": {"type": "reaction_added", "user": ON_CALL.id}}
    body = json.dumps(event | {"team_id": "T0VIGIE", "event_id": "Ev1"}).encode()
    headers = headers_for(body) | {"Content-Type": "application/json"}
    assert (await vigie.post(body, headers=headers, path=PATH))[0] == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"payload=[]", b"payload=", b"[" * 100_000, b"payload=\xff"]
)
async def test_what_nobody_can_read(vigie: World, body: bytes) -> None:
    """Unsigned it is refused before anything of it is read; signed it is 400 or finds no listener."""
    plain = {"Content-Type": "application/json" if body.startswith((b"{", b"[", b"n")) else "text/plain"}
    unsigned = (await vigie.post(body, headers=plain, path=PATH))[0]
    assert unsigned == (400 if b"\xff" in body else 401)
    status, _ = await vigie.post(body, headers=headers_for(body) | plain, path=PATH)
    assert status in (400, 404)
    assert "Traceback" not in vigie.logged()


async def test_a_foreign_signature_is_refused_and_logged(vigie: World) -> None:
    """401, nothing happens, and the log names the variable to look at."""
    body = body_of(command(vigie, N3_A, "freeze"))
    assert (await vigie.post(body, headers=headers_for(body, secret="another"), path=PATH))[0] == 401
    assert "SLACK_SIGNING_SECRET" in vigie.logged()
    assert (await vigie.place.command(N3_A.id, ROOM, "/vigie help")).ok


async def test_before_slack_has_said_who_we_are_calls_are_put_off() -> None:
    """503, which Slack takes as a reason to call again; what nobody signed is still refused first."""
    app = AsyncApp(token="xoxb-1", signing_secret=SECRET)
    route = HttpMode(app, SECRET, is_connected=lambda: False)
    body = json.dumps({"type": "event_callback", "event": {"type": "app_mention"}}).encode()
    for headers, status in ((headers_for(body), 503), ({}, 401)):
        request = make_mocked_request("POST", PATH, headers=headers, payload=_payload(body))
        assert (await route.receive(request)).status == status


def _payload(body: bytes) -> StreamReader:
    stream = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
    stream.feed_data(body)
    stream.feed_eof()
    return stream
