"""The one line to models: several providers, budgets that hold before the call, and what is kept of each."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.diagnosis import Diagnosis, Method
from bot.domain.spending import ANSWERED, FAILED, REFUSED, RESERVED, Limit, Limits, NeverSend, Price, Purpose
from bot.errors import ModelNotAsked, ModelUnavailable
from bot.llm.asking import asking
from bot.llm.diagnostician import ModelDiagnostician
from bot.llm.models import Models
from bot.llm.privacy import Privacy
from bot.llm.providers import Provider
from bot.stages.diagnose import diagnose
from tests.desk import Desk
from tests.scripted_model import Reply, ScriptedModel, call, drip, hang, huge, prose, raw, reset, status
from tests.unit.diagnosis.builders import INCIDENT, INVENTORY, TOOLS, alert, past, validate

EVIDENCE = (alert(), past("E2", "dead worker"))
SOUND = call(
    {
        "hypotheses": [
            {"cause": "stuck worker", "statement": "It hangs.", "confidence": 0.6, "citations": ["E2"]}
        ]
    }
)


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Loading the libraries takes seconds; no deadline of a test should count them."""
    importlib.import_module("bot.llm.agent")
    importlib.import_module("bot.llm.wire")


def roughly(text: str) -> int:
    return len(text) // 4 + 1


def provider(name: str, model: ScriptedModel, **more: object) -> Provider:
    return Provider(name, model.base_url, f"{name}-model", f"key-of-{name}", **more)  # type: ignore[arg-type]


def over(
    *providers: Provider,
    desk: Desk | None = None,
    limits: Limits | None = None,
    privacy: Privacy | None = None,
    timeout_s: float = 20.0,
    keep: timedelta = timedelta(days=30),
) -> ModelDiagnostician:
    """The product's own diagnostician over these providers, with the desk's rows as its ledger."""
    store = desk.store if desk else None
    made = Models(
        providers,
        count=roughly,
        privacy=privacy,
        limits=limits,
        store=store,
        keep=keep,
        monotonic=lambda: 0.0,
    )
    return ModelDiagnostician(models=made, count=roughly, timeout_s=timeout_s, monotonic=lambda: 0.0)


async def of(asked: ModelDiagnostician) -> Diagnosis:
    return await diagnose(INCIDENT, EVIDENCE, TOOLS, INVENTORY, asked, 30, validate)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A store with the incident that the builders speak of."""
    made = Desk(tmp_path)
    while True:
        made.copilot.alerts.receive([made.alert(service=f"s{made.now.timestamp()}", name="OrdersStuck")])
        made.now += timedelta(seconds=1)
        with made.store.read() as tx:
            if tx.incidents.get(INCIDENT.id) is not None:
                return made


@pytest.mark.parametrize(
    "dead",
    [
        status(500),
        status(429),
        status(401),
        reset(),
        raw("no JSON"),
        raw('{"choices": []}'),
        huge(10_000_000),
    ],
    ids=lambda reply: (
        f"{reply.status}{reply.body or ''}{'reset' * reply.reset}{'huge' * bool(reply.content)}"
    ),
)
async def test_the_next_provider_answers(dead: Reply) -> None:
    """Whatever is wrong with the first one: the second is asked by its own name and key, within one run."""
    async with ScriptedModel([dead]) as first, ScriptedModel([SOUND]) as second:
        found = await of(over(provider("first", first), provider("second", second)))
    assert (found.method, found.model) == (Method.MODEL, "second-model")
    assert [asked["model"] for asked in first.requests + second.requests] == ["first-model", "second-model"]
    assert second.headers[0]["Authorization"] == "Bearer key-of-second"


@pytest.mark.parametrize("dead", [hang(30), drip(0.02)], ids=["hang", "drip"])
async def test_a_hanging_provider_leaves_time_for_the_next(dead: Reply) -> None:
    """The first has its share of the deadline; the second answers within the whole."""
    async with ScriptedModel([dead]) as first, ScriptedModel([SOUND]) as second:
        found = await of(over(provider("first", first), provider("second", second), timeout_s=2.0))
    assert found.model == "second-model"


async def test_a_dead_provider_is_not_asked_every_time() -> None:
    """After three failures in a row it is passed over, and the second answers at once."""
    async with ScriptedModel([status(500)]) as first, ScriptedModel([SOUND]) as second:
        asked = over(provider("first", first), provider("second", second))
        for _ in range(6):
            assert (await of(asked)).model == "second-model"
    assert (len(first.requests), len(second.requests)) == (3, 6)
    assert asked.models.order.resting() == {"first": 60.0}


async def test_all_dead_is_the_deterministic_diagnosis() -> None:
    """Within the deadline, with the reason of the last one."""
    async with ScriptedModel([status(500)]) as first, ScriptedModel([status(503)]) as second:
        found = await of(over(provider("first", first), provider("second", second)))
    assert found.method is Method.SIMILAR
    assert "HTTP 503" in found.caveats[0]


async def test_an_exchange_is_kept_as_it_was_sent(desk: Desk) -> None:
    """Provider, model, prompt, tokens, cost and both texts; a failed try is kept too, and cost nothing."""
    price = Price(2.0, 10.0, "EUR")
    async with ScriptedModel([status(500)]) as first, ScriptedModel([SOUND]) as second:
        asked = over(provider("first", first), provider("second", second, price=price), desk=desk)
        found = await of(asked)
        await asked.aclose()
    with desk.store.read() as tx:
        failed, answered = tx.exchanges.of_incident(INCIDENT.id)
    assert (failed.provider, failed.state, failed.problem) == ("first", FAILED, "HTTP 500")
    assert (failed.tokens_in, failed.money) == (0, 0.0)
    assert (answered.provider, answered.model, answered.state) == ("second", "second-model", ANSWERED)
    assert answered.prompt == found.prompt
    assert (answered.tokens_in, answered.tokens_out) == (100, 50)
    assert answered.money == pytest.approx(0.0007) and answered.currency == "EUR"
    sent = json.loads(answered.sent)["messages"]
    assert sent[1] == second.requests[0]["messages"][1]
    assert "stuck worker" in answered.answer


async def test_it_is_set_aside_before_the_call(desk: Desk) -> None:
    """While the model thinks, a committed row counts all that the call may use."""
    seen: list[tuple[str, int]] = []

    def look(_asked: Mapping[str, object]) -> Reply:
        with desk.store.read() as tx:
            (row,) = tx.exchanges.of_incident(INCIDENT.id)
            seen.append((row.state, tx.exchanges.spent_on(INCIDENT.id).tokens))
        return SOUND

    async with ScriptedModel(look) as model:
        await of(over(provider("main", model), desk=desk))
    ((state, tokens),) = seen
    assert state == RESERVED
    assert tokens > 1000
    with desk.store.read() as tx:
        assert tx.exchanges.spent_on(INCIDENT.id).tokens == 150


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(incident=Limit(tokens=5000)), "the budget of #7 is used up, 5000 tokens"),
        (Limits(channel=Limit(tokens=5000)), "the budget of this channel is used up, 5000 tokens"),
        (Limits(day=Limit(money=0.05)), "the budget of the last 24 hours is used up, 0.05 USD"),
        (Limits(incident=Limit(seconds=60.0)), "the budget of #7 is used up, 60 s"),
    ],
    ids=["incident", "channel", "day", "seconds"],
)
@pytest.mark.attack("P20")
async def test_a_busy_channel_burns_no_more_than_its_budget(desk: Desk, limits: Limits, told: str) -> None:
    """Many questions at once, and again after a restart: what is spent stays within; the rest is
    deterministic and says why.
    """
    async with ScriptedModel([SOUND]) as model:
        one = provider("main", model, price=Price(10.0, 10.0))
        found = []
        for _ in range(2):  # a fresh process over the same rows remembers
            asked = over(one, desk=desk, limits=limits)
            found += await asyncio.gather(*(of(asked) for _ in range(15)))
            await asked.aclose()
    with desk.store.read() as tx:
        spent, rows = tx.exchanges.spent_lately("", "").in_all, tx.exchanges.of_incident(INCIDENT.id)
    bound = limits.incident if limits.incident != Limit() else limits.channel
    bound = bound if bound != Limit() else limits.day
    assert bound.broken_by(spent, "USD") == ""
    assert 0 < len(model.requests) < 30
    assert len(model.requests) == len([row for row in rows if row.state == ANSWERED])
    refused = [one for one in found if one.method is Method.SIMILAR]
    assert len(refused) == 30 - len(model.requests)
    assert {one.caveats[0] for one in refused} == {
        f"The model was not asked: {told}; this comes from similar incidents alone."
    }
    assert all(one.hypotheses for one in refused)


@pytest.mark.attack("M11")
async def test_a_model_that_says_it_took_nothing_is_counted_all_the_same(desk: Desk) -> None:
    """No usage, or a senseless one, counts what went over the line."""
    said = Reply(tool=SOUND.tool, arguments=SOUND.arguments, usage={"prompt_tokens": -5, "total_tokens": 0})
    async with ScriptedModel([said]) as model:
        await of(over(provider("main", model), desk=desk))
    with desk.store.read() as tx:
        assert tx.exchanges.spent_lately("", "").in_all.tokens > 300


async def test_a_call_that_was_cut_off_counts_in_full(desk: Desk) -> None:
    """The provider may have worked on it: what was set aside stays, and its row says why."""
    async with ScriptedModel([hang(30)]) as model:
        asked = over(provider("main", model), desk=desk, timeout_s=1.0)
        await asked.warm()
        assert (await of(asked)).method is Method.SIMILAR
        await asked.aclose()
    with desk.store.read() as tx:
        (row,) = tx.exchanges.of_incident(INCIDENT.id)
        assert tx.exchanges.spent_lately("", "").in_all.tokens > 1000
    assert row.state in (FAILED, RESERVED)


async def test_the_budget_of_one_provider_leads_to_the_next(desk: Desk) -> None:
    """It is passed over without a call; the next one answers."""
    async with ScriptedModel([SOUND]) as first, ScriptedModel([SOUND]) as second:
        dear = provider("first", first, limit=Limit(tokens=10))
        found = await of(over(dear, provider("second", second), desk=desk))
    assert (found.model, first.requests) == ("second-model", [])


async def test_the_day_goes_by(desk: Desk) -> None:
    """What was used more than 24 hours ago bounds a channel no more; an incident it does."""
    limits = Limits(channel=Limit(tokens=3500))
    async with ScriptedModel([SOUND]) as model:
        asked = over(provider("main", model), desk=desk, limits=limits)
        results = [(await of(asked)).method for _ in range(15)]
        assert results[-1] is Method.SIMILAR
        desk.now += timedelta(hours=24, seconds=1)
        assert (await of(asked)).method is Method.MODEL


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (NeverSend(service="its own"), True),
        (NeverSend(environment="test"), True),
        (NeverSend(labels={"confidential": "true"}), True),
        (NeverSend(service="its own", labels={"confidential": "no"}), False),
        (NeverSend(service="other"), False),
    ],
    ids=["service", "environment", "label", "another value", "another service"],
)
async def test_what_is_never_sent_is_not(desk: Desk, rule: NeverSend, kept: bool) -> None:
    """No request leaves for it, by rows and whatever the caller believes; the diagnosis says so."""
    with desk.store.read() as tx:
        incident = tx.incidents.get(INCIDENT.id)
    assert incident is not None
    secret = replace(desk.alert("Another", service=incident.service), labels={"confidential": "true"})
    desk.copilot.alerts.receive([secret])
    named = replace(rule, service=incident.service) if rule.service == "its own" else rule
    async with ScriptedModel([SOUND]) as model:
        found = await of(over(provider("main", model), desk=desk, privacy=Privacy(never_send=(named,))))
    assert bool(model.requests) is not kept
    if kept:
        assert "is never sent to a model; this comes from similar incidents alone." in found.caveats[0]
        with desk.store.read() as tx:
            (row,) = tx.exchanges.of_incident(INCIDENT.id)
        assert (row.state, row.sent) == (REFUSED, "")


async def test_documents_about_what_is_never_sent_stay_here() -> None:
    """An incident of another service: past ones of the silent service are not in its prompt."""
    silent = Privacy(never_send=(NeverSend(service="payments"),))
    pieces = (
        alert(),
        past("E2", "of payments", service="payments"),
        past("E3", "of orders", service="orders"),
    )
    async with ScriptedModel([SOUND]) as model:
        await over(provider("main", model), privacy=silent).diagnose(INCIDENT, pieces, TOOLS)
    sent = model.requests[0]["messages"][1]["content"]
    assert "of orders" in sent
    assert "of payments" not in sent


async def test_texts_are_kept_as_long_as_is_set(desk: Desk) -> None:
    """After that the row stays with what it cost; with 0 days no text is ever stored."""
    async with ScriptedModel([SOUND]) as model:
        asked = over(provider("main", model), desk=desk, keep=timedelta(days=2))
        await of(asked)
        desk.now += timedelta(days=1)
        assert asked.models.ledger is not None
        await asked.models.ledger.erase()
        with desk.store.read() as tx:
            assert tx.exchanges.of_incident(INCIDENT.id)[0].sent
        desk.now += timedelta(days=1, seconds=1)
        await asked.models.ledger.erase()
        await of(over(provider("main", model), desk=desk, keep=timedelta(0)))
    with desk.store.read() as tx:
        rows = tx.exchanges.of_incident(INCIDENT.id)
    assert [(row.sent, row.answer, row.tokens_in) for row in rows] == [("", "", 100)] * 2


async def test_a_client_that_streams_gets_the_scanned_whole() -> None:
    """It gets events; over the line went one whole answer that could be looked through."""
    import openai

    async with ScriptedModel([prose("All is well.")]) as model:
        made = Models([provider("main", model)], count=roughly)
        http = made.client()
        client = openai.AsyncOpenAI(api_key="x", base_url="http://provider/v1", http_client=http)
        with asking(Purpose("ask"), asyncio.get_running_loop().time() + 10):
            stream = await client.chat.completions.create(
                model="x", messages=[{"role": "user", "content": "?"}], stream=True
            )
            pieces = [piece async for piece in stream]
        await http.aclose()
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "All is well."
    assert model.requests[0]["stream"] is False


async def test_refusal_is_no_failure(desk: Desk) -> None:
    """A budget that is used up does not trip the breaker."""
    limits = Limits(incident=Limit(tokens=10))
    async with ScriptedModel([SOUND]) as model:
        asked = over(provider("main", model), desk=desk, limits=limits)
        for _ in range(5):
            with pytest.raises(ModelNotAsked):
                await asked.diagnose(INCIDENT, EVIDENCE, TOOLS)
        assert isinstance(ModelNotAsked(), ModelUnavailable)
    assert (asked.counts["refused"], asked.counts["failed"], model.requests) == (5, 0, [])


SHOUTED = "Rule one: " + " ".join(f"word{n}" for n in range(9)) + "."


@pytest.mark.parametrize(
    "leaking",
    [
        Reply(status=201, body=json.dumps({"choices": [{"message": {"content": SHOUTED}}]})),
        raw(json.dumps({"choices": [{"message": {"content": SHOUTED}}, "junk"]})),
    ],
    ids=["another status", "half an answer"],
)
async def test_what_was_not_looked_through_reaches_no_client(leaking: Reply) -> None:
    """An answer out of the ordinary is none: its text goes to nobody, as nobody searched it for echoes."""
    async with (
        ScriptedModel([leaking]) as model,
        Models([provider("main", model)], count=roughly).client() as http,
    ):
        with asking(Purpose("ask"), asyncio.get_running_loop().time() + 10):
            got = await http.post("http://provider/v1/chat/completions", json={"messages": []})
    assert model.requests
    assert got.text == "{}"


async def test_half_a_character_is_answered_and_kept(desk: Desk) -> None:
    """JSON can spell half a character; it is shown as a question mark, and the row is settled."""
    odd = Reply(tool=SOUND.tool, arguments=SOUND.arguments, content="\ud800 well", finish="tool_calls")
    async with ScriptedModel([odd]) as model:
        asked = over(provider("main", model), desk=desk)
        assert (await of(asked)).method is Method.MODEL
        await asked.aclose()
    with desk.store.read() as tx:
        (row,) = tx.exchanges.of_incident(INCIDENT.id)
    assert (row.state, "? well" in row.answer) == (ANSWERED, True)


async def test_the_texts_of_a_conversation_are_counted_once() -> None:
    """A repair sends everything again; no text of it is counted a second time."""
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return roughly(text)

    async with ScriptedModel([prose("I would rather talk."), SOUND]) as model:
        made = Models([provider("main", model)], count=count)
        asked = ModelDiagnostician(models=made, count=count, timeout_s=20.0)
        assert (await of(asked)).method is Method.MODEL
    messages = [json.dumps(one, ensure_ascii=False) for one in model.requests[-1]["messages"][1:]]
    assert len(messages) == 3
    assert [counted.count(text) for text in messages] == [1, 1, 1]
