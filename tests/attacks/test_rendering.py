"""Group E: foreign text from every carrier is shown as it is; nothing of it comes alive in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.slack.blocks import parts
from bot.store import tables
from knowledge.model import Document
from tests.attacks.inert import EVIL, HOSTILE, MARK, check_inert, sent_to_slack
from tests.scripted_model import ScriptedModel, call
from tests.world import BOT, CHANNEL, N3_A, ON_CALL, PAST, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

POISONED = Document(
    id="runbooks/poisoned",
    title=f"Hostile document {HOSTILE}"[:300],
    kind="runbook",
    text=f"# Hostile document\n\n## {HOSTILE[:200]}\n\n1. The value: {HOSTILE}\n\n```\n{HOSTILE}\n```\n",
    alerts=("ValueTooHigh",),
    cause=HOSTILE[:200],
    actions=("fix",),
)


SAID = HOSTILE.replace("signed by N3", "all is well")  # a model that tells of a sign-off is not shown at all


def answer(_asked: dict[str, Any]) -> Any:  # noqa: ANN401  # a Reply
    """A model that puts the hostile text wherever it may write."""
    guess = {"cause": SAID[:190], "statement": SAID, "confidence": 0.9, "citations": ["E1"]}
    remedy = {"tool": "fix", "arguments": {}, "why": SAID, "citations": ["E1"]}
    invented = {"tool": HOSTILE[:190], "arguments": {}, "why": HOSTILE, "citations": ["E1"]}
    return call({"hypotheses": [guess], "remedies": [remedy, invented], "advice": [SAID], "gaps": [SAID]})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie whose alerts, documents, model and tools are all hostile, with one story told to its end."""
    async with ScriptedModel(answer) as model:
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": "sk-test"}
        folder = tmp_path_factory.mktemp("hostile")
        async with world(folder, environment=environment, documents=(PAST, POISONED)) as running:
            await running.until("the model", lambda: "the model is ready" in running.logged(), 50)
            await _story(running)
            yield running


async def _story(vigie: World) -> None:
    """From a hostile alert to what was learned, with every modal opened on the way."""
    for person in (ON_CALL, N3_A):
        await vigie.place.open_home(person.id)
    service = vigie.break_target(identity=HOSTILE, says=HOSTILE)
    labels = {"note": HOSTILE, HOSTILE: HOSTILE}
    texts = {"summary": HOSTILE, "description": HOSTILE, "runbook_url": f"https://{EVIL}/?q=stolen"}
    incident = await vigie.incident(service, labels=labels, **texts)
    await vigie.fire(vigie.alert(service, name=HOSTILE, labels=labels, **texts))
    await vigie.until("both rounds", lambda: _rounds(vigie, incident.id) == 2)
    diagnosis = await vigie.message(f"incident:{incident.id}:diagnosis")
    evidence = await vigie.message(f"incident:{incident.id}:evidence")
    await vigie.place.click(ON_CALL.id, CHANNEL, evidence["ts"], _source_button(evidence))
    proposal = await vigie.propose(incident)
    await vigie.until("the call to N3", lambda: _texts(vigie, "call") or None)
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.over(proposal)
    await vigie.fire(
        vigie.alert(service, status="resolved", labels=labels, **texts),
        vigie.alert(service, name=HOSTILE, status="resolved", labels=labels, **texts),
    )
    await _refusal_that_quotes(vigie, incident.id, diagnosis["ts"])
    summary = await vigie.message(f"incident:{incident.id}:summary")
    await vigie.place.click(ON_CALL.id, CHANNEL, summary["ts"], "edit_summary")
    for words in (f"ask why is the value too high? {HOSTILE}", f"search {HOSTILE}", HOSTILE, "status"):
        assert (await vigie.place.command(ON_CALL.id, CHANNEL, f"/vigie {words}")).ok
    await vigie.place.say(ON_CALL.id, CHANNEL, f"<@{BOT.id}> the value is too high {HOSTILE}")
    await vigie.until("both answers", lambda: len(_texts(vigie, "answer")) == 2)


async def _refusal_that_quotes(vigie: World, incident_id: int, ts: str) -> None:
    """Press Propose on a remedy whose row was tampered with: the refusal quotes the hostile name."""
    mine = tables.diagnoses.c.incident_id == incident_id
    body = vigie.rows(sa.select(tables.diagnoses.c.body).where(mine, tables.diagnoses.c.round == 2))[0].body
    body["remedies"][0]["tool"] = HOSTILE
    vigie.tamper(sa.update(tables.diagnoses).where(mine, tables.diagnoses.c.round == 2).values(body=body))
    await vigie.place.click(ON_CALL.id, CHANNEL, ts, "propose")
    await vigie.until("the refusal", lambda: any("no tool named" in said for said in vigie.told(ON_CALL)))


def _rounds(vigie: World, incident_id: int) -> int:
    with vigie.store.read() as tx:
        return tx.diagnoses.last_round(incident_id)


def _source_button(message: dict[str, Any]) -> str:
    buttons = [e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]
    return str(buttons[0]["action_id"])


def _texts(vigie: World, kind: str) -> list[str]:
    """What people see in messages of one kind, by the key that travels with each, or in one kind of call."""
    found = []
    for method, message in sent_to_slack(vigie):
        key = (message.get("metadata") or {}).get("event_payload", {}).get("key", "")
        if kind in (method, key.partition(":")[0], key.rpartition(":")[2]):
            found.append(text_of([message.get("blocks") or [], message.get("view") or {}]))
    return found


KINDS = ["incident", "evidence", "diagnosis", "proposal", "summary", "answer", "views.open", "ephemeral"]
KINDS += ["call", "views.publish"]


@pytest.mark.attack("E1")
@pytest.mark.parametrize("kind", KINDS)
async def test_every_carrier_shows_it_as_text(hostile: World, kind: str) -> None:
    """Each kind of message and view shows the hostile text as it is, and nothing of it is a mention."""
    check_inert(hostile)
    assert any(MARK in text and EVIL in text for text in _texts(hostile, kind)), _texts(hostile, kind)


@pytest.mark.attack("E2")
async def test_no_link_leaves_and_none_is_previewed(hostile: World) -> None:
    """No element has an address, our own words name no foreign host, and Slack is told to preview nothing."""
    posted = [message for method, message in sent_to_slack(hostile) if method == "chat.postMessage"]
    assert posted
    for message in posted:
        assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)
        assert (message["parse"], message["link_names"]) == ("none", False)
    for element in _elements(hostile):
        assert "url" not in element, element
        assert element["type"] != "mrkdwn" or EVIL not in element["text"], element


@pytest.mark.attack("E3")
async def test_a_masked_link_is_text(hostile: World) -> None:
    """The address stands beside the name that should hide it, in an element that Slack does not parse."""
    mask = f"<https://{EVIL}/masked|runbook>"
    texts = [e for e in _elements(hostile) if isinstance(e.get("text"), str)]
    holders = {e["type"] for e in texts if mask in e["text"]}
    assert holders == {"text", "plain_text"}


@pytest.mark.attack("E4")
async def test_no_image_is_shown(hostile: World) -> None:
    """There is no image block, element or address anywhere, though every carrier offered one."""
    for element in _elements(hostile):
        assert element["type"] not in ("image", "video", "file", "link", "markdown"), element
        assert not {"image_url", "thumbnail_url", "slack_file"} & element.keys(), element


@pytest.mark.attack("E5")
async def test_no_fence_is_closed_from_inside(hostile: World) -> None:
    """Boxes are elements of their own: the closing fence stands inside one, with what follows it."""
    boxes = [e for e in _elements(hostile) if e["type"] == "rich_text_preformatted"]
    broken_out = "``` *signed by N3* ```"
    assert any(broken_out in text_of(box) for box in boxes)
    for element in _elements(hostile):
        assert element["type"] != "mrkdwn" or "```" not in element["text"], element


LONG = {f"part_{letter}": letter * 512 for letter in "abcdef"}


def _long_arguments(whitelist: dict[str, Any]) -> None:
    """Six arguments of the greatest length on one command line."""
    fix = whitelist["actions"]["fix"]
    for name, value in LONG.items():
        fix["arguments"][name] = {"type": "pattern", "pattern": "[a-z]{1,512}", "default": value}
        fix["run"]["argv"].append(f"{{{name}}}")


@pytest.mark.attack("E6")
async def test_what_is_signed_is_split_and_never_cut(tmp_path: Path) -> None:
    """Six arguments of 512 characters: the modal shows each whole, in boxes below the limit; so they run.

    Around them everything is oversized: what is cut says so, and Slack takes every message.
    """
    async with world(tmp_path, change_catalogue=_long_arguments) as vigie:
        service = vigie.break_target()
        long: dict[str, Any] = {"summary": "s" * 5000, "description": "d" * 5000}
        incident = await vigie.incident(service, **long)
        await vigie.fire(*(vigie.alert(service, name=f"Alert{n}", **long) for n in range(40)))
        proposal = await vigie.propose(incident)
        view = await vigie.open_sign(N3_A, proposal)
        assert view is not None
        boxes = [e["elements"][0]["text"] for e in _walk(view) if e["type"] == "rich_text_preformatted"]
        assert max(map(len, boxes)) <= 3000
        command = "".join(boxes).partition(str(vigie.target(service)))[2]
        assert command.replace("\n", "").startswith(f" 'fixed by vigie' 0 {' '.join(LONG.values())}")
        assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
        await vigie.over(proposal)
        assert vigie.ledger(service) == [[str(vigie.target(service)), "fixed by vigie", "0", *LONG.values()]]
        card = text_of(await vigie.message(f"incident:{incident.id}"))
        assert "more characters]" in card
        sent = [c for c in vigie.place.calls() if c.method.startswith(("chat.", "views."))]
        assert [c.method for c in sent if c.error] == []


@pytest.mark.attack("E6")
async def test_what_does_not_fit_one_message_is_said() -> None:
    """More blocks or more text than a message holds: what is left out is counted in the message."""
    many = parts.within_limits([parts.foreign("x")] * 80)
    long = parts.within_limits([parts.foreign("x" * 3000)] * 10)
    assert (len(many), "_31 more part(s)" in text_of(many[-1])) == (50, True)
    assert (len(long), "_7 more part(s)" in text_of(long[-1])) == (4, True)


def _elements(world_: World) -> Iterator[dict[str, Any]]:
    """Every typed element of every message and view."""
    for _, message in sent_to_slack(world_):
        yield from _walk([message.get("blocks") or [], (message.get("view") or {}).get("blocks") or []])


def _walk(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "type" in value:
            yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
