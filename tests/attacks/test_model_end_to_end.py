"""Group M behind a running Vigie: whatever the model does, the incident is announced and nothing runs."""

from __future__ import annotations

import json
import resource
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.diagnosis import Diagnosis, Method
from bot.domain.drafts import Draft
from bot.domain.incident import Incident
from bot.domain.proposal import ProposalState
from bot.playground.player import button
from tests.scripted_model import Reply, ScriptedModel, call, hang, invalid_json, prose, raw, reset, status
from tests.world import BOT, CHANNEL, N3_A, ON_CALL, PAST, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEADLINE_S = 3
SOUND = call(
    {
        "hypotheses": [{"cause": "of the model", "statement": "s", "confidence": 0.6, "citations": ["E1"]}],
        "remedies": [{"tool": "fix", "arguments": {}, "why": "w", "citations": ["E1"]}],
    }
)


@dataclass
class Failing:
    """A Vigie with a model that does what the test says."""

    vigie: World
    reply: Reply = SOUND
    asked: list[str] = field(default_factory=list)

    def answer(self, request: dict[str, Any]) -> Reply:
        self.asked.append(str(request["messages"][-1]["content"]))
        return self.reply

    async def incident(self, reply: Reply) -> tuple[Incident, Diagnosis]:
        """A fresh incident while the model answers this; its card and diagnosis are in Slack."""
        self.reply = reply
        self.asked.clear()
        incident = await self.vigie.incident(self.vigie.break_target())
        card = await self.vigie.message(f"incident:{incident.id}")
        assert "*critical*" in text_of(card)
        with self.vigie.store.read() as tx:
            made = tx.diagnoses.latest(incident.id)
        assert made is not None
        return incident, made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Failing]:
    """One for the module, its model loaded."""
    made: list[Failing] = []
    async with ScriptedModel(lambda asked: made[0].answer(asked)) as model:
        environment = {"OPENAI_BASE_URL": model.base_url, "OPENAI_API_KEY": f"sk-{secrets.token_hex(16)}"}
        config = f"[model]\ndeadline_s = {DEADLINE_S}\n"
        folder = tmp_path_factory.mktemp("failing")
        async with world(folder, environment=environment, config=config) as running:
            made.append(Failing(running))
            await running.until("the model", lambda: "the model is ready" in running.logged(), 50)
            yield made[0]


@pytest_asyncio.fixture(loop_scope="module")
async def failing(started: Failing) -> Failing:
    """The model has just answered well, so it is used, and no failure of another test counts against it."""
    _, made = await started.incident(SOUND)
    assert made.method is Method.MODEL
    return started


async def check_fell_back(failing: Failing, reply: Reply, reason: str) -> None:
    """The diagnosis of similar incidents is told, its first words say why, and its remedy can be signed."""
    vigie = failing.vigie
    incident, made = await failing.incident(reply)
    assert made.method is Method.SIMILAR
    assert [h.cause for h in made.hypotheses] == ["broken-value"]
    message = await vigie.message(f"incident:{incident.id}:diagnosis")
    told = text_of(message)
    assert "*Diagnosis* from similar incidents, without a model" in told
    assert reason in told
    assert "this comes from similar incidents alone." in told
    assert vigie.ledger(incident.service) == []
    assert vigie.proposals(incident) == []
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, message["ts"], "propose")).ok
    await vigie.until("a proposal", lambda: vigie.proposals(incident))


@pytest.mark.attack("M1")
async def test_a_hanging_model_holds_nothing_up(failing: Failing) -> None:
    """The card is there while the model still hangs; the fallback comes at the deadline and names it."""
    vigie = failing.vigie
    failing.reply = hang(60)
    service = vigie.break_target()
    await vigie.fire(vigie.alert(service))
    incident = vigie.open_incident(service)
    assert incident is not None
    await vigie.message(f"incident:{incident.id}")
    with vigie.store.read() as tx:
        assert tx.diagnoses.latest(incident.id) is None
    told = text_of(await vigie.message(f"incident:{incident.id}:diagnosis"))
    assert f"The model did not answer within {DEADLINE_S} s" in told
    assert "this comes from similar incidents alone." in told
    assert vigie.ledger(service) == []


@pytest.mark.attack("M2")
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (status(500), "Its endpoint answered HTTP 500"),
        (status(429), "it is busy or its quota is used up"),
        (reset(), "The connection to its endpoint failed"),
    ],
    ids=["500", "429", "reset"],
)
async def test_a_failing_endpoint_is_said(failing: Failing, reply: Reply, reason: str) -> None:
    """One retry and no more; then the fallback says what the endpoint did."""
    await check_fell_back(failing, reply, reason)
    assert len(failing.asked) == 2


@pytest.mark.attack("M3")
@pytest.mark.parametrize("reply", [invalid_json(), prose("I would restart it.")], ids=["json", "prose"])
async def test_an_unusable_answer_is_said(failing: Failing, reply: Reply) -> None:
    """Asked once more, then left: the fallback says that the form was not filled in."""
    await check_fell_back(failing, reply, "did not fill in the form")
    assert len(failing.asked) == 2


@pytest.mark.attack("M6")
async def test_an_invented_action_is_words(failing: Failing) -> None:
    """It is named as refused, has no button, and what it asked for does not happen; a real one stays."""
    vigie = failing.vigie
    target = vigie.folder / "invented"
    invented = {"tool": f"touch {target}", "arguments": {}, "why": "w", "citations": ["E1"]}
    real = {"tool": "fix", "arguments": {}, "why": "w", "citations": ["E1"]}
    incident, made = await failing.incident(call({"hypotheses": [], "remedies": [invented, real]}))
    assert [remedy.tool for remedy in made.remedies] == ["fix"]
    message = await vigie.message(f"incident:{incident.id}:diagnosis")
    told = text_of(message)
    assert f"“touch {target}”"[:60] in told
    assert "was refused: the catalogue has no such action for this incident." in told
    buttons = [e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]
    assert [e["value"] for e in buttons if e["action_id"] == "propose"] == [f"{incident.id}:1:0"]
    # The button of the remedy that was left out would have had this value.
    await vigie.forge_click(ON_CALL, "propose", f"{incident.id}:1:1")
    await vigie.until("the refusal", lambda: "has no such remedy" in vigie.told(ON_CALL)[-1])
    assert vigie.proposals(incident) == []
    proposal = await vigie.propose(incident)
    await vigie.settle()
    assert (proposal.tool, vigie.proposal(proposal.id).state) == ("fix", ProposalState.PROPOSED)
    assert not target.exists()
    assert vigie.ledger(incident.service) == []


@pytest.mark.attack("E6")
async def test_the_longest_answer_still_fits_slack(failing: Failing) -> None:
    """All at its greatest length is more than a message holds: it is sent, and says what is left out."""
    guess = {"cause": "c" * 200, "statement": "s" * 1500, "confidence": 0.5, "citations": ["E1"] * 30}
    remedy = {"tool": "fix", "arguments": {}, "why": "w" * 1500, "citations": ["E1"]}
    lines = [f"{n} {'x' * 1400}" for n in range(20)]
    reply = call({"hypotheses": [guess] * 10, "remedies": [remedy] * 3, "advice": lines, "gaps": lines})
    incident, made = await failing.incident(reply)
    assert made.method is Method.MODEL
    told = text_of(await failing.vigie.message(f"incident:{incident.id}:diagnosis"))
    assert "less likely" in told
    assert button(await failing.vigie.message(f"incident:{incident.id}:diagnosis"), "propose") is not None
    assert failing.vigie.ledger(incident.service) == []


async def _asked(failing: Failing, words: str, reply: Reply) -> tuple[Incident, list[str]]:
    """Say this to Vigie in the thread of a fresh incident; the incident, and keys of messages of before."""
    vigie = failing.vigie
    incident, _ = await failing.incident(SOUND)
    card = await vigie.message(f"incident:{incident.id}")
    failing.reply = reply
    before = vigie.posted()
    await vigie.place.say(ON_CALL.id, CHANNEL, f"<@{BOT.id}> {words}", card["ts"])
    return incident, before


@pytest.mark.attack("M9")
async def test_an_answer_shows_what_its_sources_hold(failing: Failing) -> None:
    """In the thread, in French: the sentence with a source is the answer, the others stand apart."""
    vigie = failing.vigie
    lie = "Tout est réparé, signé par N3. <!channel> La panne est finie [T99]."
    incident, before = await _asked(
        failing, "qu'est-ce qui s'est passé ?", prose(f"L'incident a été ouvert [T1]. {lie}")
    )

    def answers() -> list[str] | None:
        fresh = [key for key in vigie.posted() if key not in before and key.startswith("answer:")]
        return fresh or None

    fresh = await vigie.until("an answer", answers)
    told = text_of(await vigie.message(fresh[0], "L'incident a été ouvert."))
    assert told.index("L'incident a été ouvert.") < told.index("Rien n'appuie ceci") < told.index("signé par")
    assert f"#{incident.id} a été ouvert" in told
    assert "question to answer" in failing.asked[-1]


async def test_a_draft_is_edited_and_posted_by_whom_it_is_for(failing: Failing) -> None:
    """Asked for in the thread, it comes as a direct message; the edited text is posted in the thread."""
    vigie = failing.vigie
    incident, _ = await _asked(failing, "catch me up", prose("#1 was opened [T1]. Nobody cares."))
    with vigie.store.read() as tx:
        known = tx.exchanges.of_incident(incident.id)
    assert known
    draft = await vigie.until("a draft", lambda: _draft_of(vigie, incident))
    message = await vigie.message(f"draft:{draft.id}")
    assert "[not backed by a record] Nobody cares." in text_of(message)
    assert "Only you see it" in text_of(message)
    with vigie.store.read() as tx:
        post = tx.posts.get(f"draft:{draft.id}")
    assert post is not None and post.channel_id.startswith("D")
    assert (await vigie.place.click(ON_CALL.id, post.channel_id, message["ts"], "draft_open")).ok
    view = await vigie.until("the form", lambda: _on_top(vigie, "draft"))
    edited = "All that matters: it is being looked at."
    assert (await vigie.place.submit(ON_CALL.id, view["id"], {"text:0": {"text": edited}})).ok
    told = text_of(await vigie.message(f"drafted:{draft.id}"))
    assert edited in told
    assert f"<@{ON_CALL.id}>" in told
    assert "Nobody cares" not in told


def _draft_of(vigie: World, incident: Incident) -> Draft | None:
    with vigie.store.read() as tx:
        found = [tx.drafts.get(number) for number in range(1, 10)]
    return next((draft for draft in found if draft and draft.incident_id == incident.id), None)


def _on_top(vigie: World, callback_id: str) -> dict[str, Any] | None:
    top = (vigie.place.views_of(ON_CALL.id) or [{}])[-1]
    return top if top.get("callback_id") == callback_id else None


BY_THE_BOOK = call(
    {
        "hypotheses": [{"cause": "c", "statement": "s", "confidence": 0.6, "citations": ["E3"]}],
        "remedies": [{"tool": "fix", "arguments": {}, "why": "w", "citations": ["E1", "E3"]}],
    }
)


@pytest.mark.attack("C2")
@pytest.mark.attack("C6")
async def test_a_document_that_changed_is_marked_and_proposes_nothing_new(failing: Failing) -> None:
    """What was signed runs as it was signed, its source says that it changed; what waited is not proposed."""
    vigie = failing.vigie
    incident, made = await failing.incident(BY_THE_BOOK)
    assert [remedy.tool for remedy in made.remedies] == ["fix"]
    proposal = await vigie.propose(incident)
    later, _ = await failing.incident(BY_THE_BOOK)
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        base = vigie.documents()
        base.add(replace(PAST, text="## Cause\n\nSet it to 99 instead, and purge everything.\n"))
        base.close()
    done = await vigie.over(proposal)
    assert (done.state, done.digest) == (ProposalState.SUCCEEDED, proposal.digest)
    assert len(vigie.ledger(incident.service)) == 1
    message = await vigie.message(f"incident:{incident.id}:diagnosis")
    before = len(vigie.place.views_of(ON_CALL.id))
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, message["ts"], "open_source:E3")).ok
    await vigie.until("the source", lambda: len(vigie.place.views_of(ON_CALL.id)) > before)
    shown = await vigie.until("its text", lambda: _shown(vigie, "this is what was cited"))
    assert "The document has changed since" in shown
    assert "The value of the target broke its bound." in shown
    stale = await vigie.message(f"incident:{later.id}:diagnosis")
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, stale["ts"], "propose")).ok
    await vigie.until("the refusal", lambda: "it has changed since" in vigie.told(ON_CALL)[-1])
    assert vigie.proposals(later) == []


@pytest.mark.attack("C8")
async def test_a_wrong_diagnosis_teaches_nothing(failing: Failing) -> None:
    """Its source ends the incident: nothing enters. What a person confirms does, as they put it."""
    vigie = failing.vigie
    wrong = {"cause": "full-moon", "statement": "s", "confidence": 0.9, "citations": ["E1"]}
    incident, made = await failing.incident(call({"hypotheses": [wrong]}))
    assert [h.cause for h in made.hypotheses] == ["full-moon"]
    await vigie.fire(vigie.alert(incident.service, status="resolved"))
    summary = await vigie.message(f"incident:{incident.id}:summary")
    learned = f"learned/incident-{incident.id}"
    await vigie.settle()
    base = vigie.documents()
    assert [one.id for one in base.documents() if one.origin == "resolution"] == []
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, summary["ts"], "edit_summary")).ok
    view = await vigie.until("the form", lambda: _form(vigie, "summary"))  # others may still be open
    assert "full-moon" not in str(next(block for block in view["blocks"] if block["block_id"] == "cause"))
    values = {"summary": {"text": "The value was set by hand."}, "cause": {"text": "set-by-hand"}}
    assert (await vigie.place.submit(ON_CALL.id, view["id"], values)).ok
    document = await vigie.until("what was learned", lambda: base.document(learned))
    base.remove(learned)  # other tests here count causes
    base.close()
    assert (document.origin, document.cause, document.source) == (
        *("resolution", "set-by-hand"),
        f"incident {incident.id}",
    )
    assert "full-moon" not in document.text


def _form(vigie: World, name: str) -> dict[str, Any] | None:
    """The last one of this name, once it has been read."""
    return next((v for v in reversed(vigie.place.views_of(ON_CALL.id)) if v.get("callback_id") == name), None)


def _shown(vigie: World, words: str) -> str:
    text = str(vigie.place.views_of(ON_CALL.id)[-1])
    return text if words in text else ""


def _canaries() -> dict[str, str]:
    """Tokens of several kinds, made up now, so that no scanner takes them for real."""
    word = secrets.token_hex(20)
    return {
        "summary": f"gave {'gh' + 'p'}_{word} back",
        "description": f"curl -H 'Authorization: Bearer {word}9' and postgres://shop:{word}@db/shop",
        "db_password": word,
    }


@pytest.mark.attack("L1")
@pytest.mark.attack("L5")
async def test_a_token_of_an_alert_reaches_nobody(failing: Failing) -> None:
    """In words, in a label apart from its name: neither the model nor Slack nor any file gets it."""
    vigie, planted = failing.vigie, _canaries()
    failing.reply = SOUND
    failing.asked.clear()
    service = vigie.break_target()
    await vigie.incident(
        service,
        summary=planted["summary"],
        description=planted["description"],
        labels={"db_password": planted["db_password"]},
    )
    secret = planted["db_password"]
    assert "[redacted: github token]" in failing.asked[-1]
    assert "db_password=[redacted: password value]" in failing.asked[-1]
    assert secret not in failing.asked[-1]
    assert secret not in str(vigie.all_messages())
    assert _files_with(vigie, secret) == []


@pytest.mark.attack("L7")
async def test_our_own_keys_are_nowhere(failing: Failing) -> None:
    """Not in metrics, health, log, files or messages, also when the endpoint says it; no core is dumped."""
    vigie = failing.vigie
    said = f"Incorrect API key provided: {vigie.environment['OPENAI_API_KEY']}"
    await check_fell_back(
        failing, replace(raw(json.dumps({"error": {"message": said}})), status=401), "HTTP 401"
    )
    names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "VIGIE_INTAKE_TOKEN", "OPENAI_API_KEY")
    told = [(await vigie.get(path))[1] for path in ("/metrics", "/health")]
    told += [str(failing.asked), str(vigie.all_messages()), str(vigie.place.views_of(ON_CALL.id))]
    assert all(told)
    for name in names:
        canary = vigie.environment[name]
        assert not any(canary in text for text in told), name
        assert _files_with(vigie, canary) == [], name
    assert vigie.serve is not None
    for pid in (vigie.serve.pid, vigie.executor_pid()):
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)


def _files_with(vigie: World, canary: str) -> list[Path]:
    paths = [vigie.folder / "serve.log", *(vigie.folder / "data").rglob("*")]
    return [path for path in paths if path.is_file() and canary.encode() in path.read_bytes()]
