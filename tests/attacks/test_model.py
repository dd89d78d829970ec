"""A model that hangs, fails, babbles or invents: the incident still gets a diagnosis, and nothing more."""

from __future__ import annotations

import asyncio
import importlib
import time

import pytest

from bot.domain.diagnosis import Diagnosis, Method
from bot.llm.diagnostician import ModelDiagnostician
from bot.stages.diagnose import diagnose
from tests.closing import closed  # noqa: F401  # for every test here
from tests.scripted_model import (
    Reply,
    ScriptedModel,
    call,
    drip,
    hang,
    huge,
    invalid_json,
    prose,
    raw,
    reset,
    status,
    truncated,
)
from tests.unit.diagnosis.builders import INCIDENT, INVENTORY, TOOLS, alert, past, validate

EVIDENCE = (alert(), past("E2", "dead worker"))
SOUND: dict[str, object] = {
    "hypotheses": [
        {"cause": "stuck worker", "statement": "It hangs.", "confidence": 0.6, "citations": ["E2"]}
    ],
    "remedies": [{"tool": "restart_worker", "arguments": {}, "why": "as before", "citations": ["E2"]}],
}


def _short(value: object) -> str:
    return f"{value.status}{'-reset' if value.reset else ''}" if isinstance(value, Reply) else str(value)


def roughly(text: str) -> int:
    return len(text) // 4 + 1


def diagnostician(model: ScriptedModel, **more: float) -> ModelDiagnostician:
    """The product's own, as `app` makes it, with a clock that stands still unless told."""
    return ModelDiagnostician(
        api_key="sk-test",
        base_url=model.base_url,
        model="scripted",
        count=roughly,
        budget_tokens=int(more.get("budget_tokens", 6000)),
        timeout_s=more.get("timeout_s", 20.0),
        monotonic=lambda: more.get("now", 0.0),
    )


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Loading the libraries takes seconds; no deadline of a test should count them."""
    importlib.import_module("bot.llm.agent")


async def of(asked: ModelDiagnostician, deadline_s: float = 20.0) -> Diagnosis:
    return await diagnose(INCIDENT, EVIDENCE, TOOLS, INVENTORY, asked, deadline_s, validate)


def fell_back(found: Diagnosis) -> bool:
    """It is the deterministic diagnosis, complete, and its first caveat says that the model was not used."""
    alone = "this comes from similar incidents alone." in found.caveats[0]
    complete = found.hypotheses[0].cause == "dead worker" and found.remedies[0].tool == "restart_worker"
    return found.method is Method.SIMILAR and alone and complete


@pytest.mark.attack("M1")
async def test_a_hanging_model_costs_the_deadline_and_no_more() -> None:
    """The deterministic diagnosis comes at the deadline and names the time waited."""
    async with ScriptedModel([hang(30)]) as model:
        asked = diagnostician(model)
        await asked.warm()
        started = time.monotonic()
        found = await of(asked, deadline_s=1.5)
        assert time.monotonic() - started < 6
    assert fell_back(found)
    assert "did not answer within 1.5 s" in found.caveats[0]
    assert len(model.requests) == 1


@pytest.mark.attack("M1")
async def test_the_diagnostician_has_its_own_deadline() -> None:
    """Without a shorter one from the caller, its timeout ends the wait, and hanging trips the breaker."""
    async with ScriptedModel([hang(30)]) as model:
        asked = diagnostician(model, timeout_s=0.4)
        await asked.warm()
        for _ in range(3):
            assert fell_back(await of(asked))
        found = await of(asked)
    assert "left alone for 60 s" in found.caveats[0]
    assert len(model.requests) == 3


@pytest.mark.attack("M1")
async def test_an_answer_that_never_ends_is_left_at_the_deadline() -> None:
    """Bytes that keep coming are no answer: the whole is bounded, not only the pause between two bytes."""
    async with ScriptedModel([drip(0.05)]) as model:
        asked = diagnostician(model, timeout_s=0.4)
        await asked.warm()
        found = await of(asked, deadline_s=10)
    assert fell_back(found)
    assert "did not answer within 0.4 s" in found.caveats[0]


@pytest.mark.attack("M2")
async def test_there_is_one_retry_in_a_whole_diagnosis() -> None:
    """A repair does not bring a retry of its own."""
    async with ScriptedModel([status(500), prose("no"), status(500), call(SOUND)]) as model:
        found = await of(diagnostician(model))
    assert fell_back(found)
    assert len(model.requests) == 3


@pytest.mark.attack("M2")
@pytest.mark.parametrize("failure", [status(429), status(500), status(503), reset()], ids=_short)
async def test_a_passing_failure_is_retried_once(failure: Reply) -> None:
    """One retry, seen at the server, and the answer of the model is used."""
    async with ScriptedModel([failure, call(SOUND)]) as model:
        found = await of(diagnostician(model))
    assert found.method is Method.MODEL
    assert len(model.requests) == 2


@pytest.mark.attack("M2")
@pytest.mark.parametrize(
    ("failure", "asked"),
    [
        (status(429), 2),
        (status(500), 2),
        (reset(), 2),
        (status(429, retry_after="60"), 1),
        (status(401), 1),
        (status(404), 1),
        (status(307, location="/v1/elsewhere"), 1),
    ],
    ids=_short,
)
async def test_a_lasting_failure_is_bounded(failure: Reply, asked: int) -> None:
    """At most one retry, none where it has no point; then the deterministic diagnosis."""
    async with ScriptedModel([failure]) as model:
        found = await of(diagnostician(model))
    assert fell_back(found)
    assert len(model.requests) == asked
    assert model.strays == []


@pytest.mark.attack("M2")
async def test_the_breaker_opens_and_closes_again() -> None:
    """After three failures in a row nothing is asked for a minute; then one try, and success closes it."""
    now = [0.0]
    async with ScriptedModel([status(401)] * 4 + [call(SOUND)]) as model:
        asked = ModelDiagnostician(
            api_key="k", base_url=model.base_url, model="m", count=roughly, monotonic=lambda: now[0]
        )
        for _ in range(5):
            assert fell_back(await of(asked))
        assert len(model.requests) == 3
        now[0] = 59.0
        assert "left alone for 1 s" in (await of(asked)).caveats[0]
        now[0] = 60.0
        assert all(fell_back(found) for found in await asyncio.gather(of(asked), of(asked)))
        assert len(model.requests) == 4
        now[0] = 121.0
        assert (await of(asked)).method is Method.MODEL
        assert (await of(asked)).method is Method.MODEL
    assert asked.counts["not asked"] == 4


BROKEN = [
    invalid_json(),
    truncated(SOUND),
    prose("The worker hangs. I would restart it."),
    call({"hypotheses": "none"}),
    call({"hypotheses": [{"cause": "c", "statement": "s", "confidence": 7, "citations": ["E1"]}]}),
    call(SOUND, tool="restart_worker"),
    call(SOUND, times=2),
]


@pytest.mark.attack("M3")
@pytest.mark.parametrize("broken", BROKEN, ids=lambda reply: f"{reply.content}{reply.arguments[:30]}")
async def test_a_broken_answer_is_repaired_once(broken: Reply) -> None:
    """The model is told and asked once more; the second answer counts, and the first one is counted."""
    async with ScriptedModel([broken, call(SOUND)]) as model:
        asked = diagnostician(model)
        found = await of(asked)
    assert found.method is Method.MODEL
    assert found.hypotheses[0].cause == "stuck worker"
    assert len(model.requests) == 2
    assert asked.counts["unusable answers"] == 1
    assert found.tokens == 300


@pytest.mark.attack("M3")
@pytest.mark.parametrize("broken", BROKEN, ids=lambda reply: f"{reply.content}{reply.arguments[:30]}")
async def test_broken_answers_end_in_the_deterministic_diagnosis(broken: Reply) -> None:
    """There are two turns and no third."""
    async with ScriptedModel([broken]) as model:
        asked = diagnostician(model)
        found = await of(asked)
    assert fell_back(found)
    assert len(model.requests) == 2
    assert asked.counts["unusable answers"] == 2


@pytest.mark.attack("M3")
async def test_the_repair_stays_within_the_budget() -> None:
    """When the first answer used the budget up, the model is not asked again."""
    spent = {"prompt_tokens": 5000, "completion_tokens": 900, "total_tokens": 5900}
    async with ScriptedModel([Reply(content="no", usage=spent)]) as model:
        found = await of(diagnostician(model))
    assert fell_back(found)
    assert "budget of 6000 tokens" in found.caveats[0]
    assert len(model.requests) == 1


@pytest.mark.attack("M3")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"choices": null}',
        '{"choices": []}',
        '{"choices": [{"message": 5}]}',
        '{"choices": [{"message": {"role": "assistant", "tool_calls": 5}}]}',
        '{"choices": [{"message": {"role": "x", "content": {"a": 1}}}], "usage": {"total_tokens": "many"}}',
        '{"error": {"message": "no"}}',
        "[" * 100_000,
        "\ud83d".encode("utf-8", "replace").decode(),
    ],
    ids=lambda body: body[:40],
)
async def test_whatever_the_endpoint_sends_there_is_a_diagnosis(body: str) -> None:
    """An endpoint that does not speak the protocol is a model without a usable answer."""
    async with ScriptedModel([raw(body)]) as model:
        assert fell_back(await of(diagnostician(model)))
    assert len(model.requests) <= 2


@pytest.mark.attack("M3")
async def test_a_huge_answer_is_refused() -> None:
    """Reading stops at the bound, the reason is said, and nothing is asked again."""
    async with ScriptedModel([huge(10_000_000)]) as model:
        found = await of(diagnostician(model))
    assert fell_back(found)
    assert "more than 256 KB" in found.caveats[0]
    assert len(model.requests) == 1


@pytest.mark.attack("M6")
@pytest.mark.parametrize(
    "name", ["drop_database", "restart_worker; rm -rf /", "queue_depth", "Restart_Worker", "", "@n3 `x`" * 20]
)
async def test_an_invented_action_is_words_at_most(name: str) -> None:
    """It is refused with the reason, its name is short plain text, and the rest of the answer stays."""
    answer = SOUND | {
        "remedies": [
            {"tool": name, "arguments": {"worker": "orders-worker"}, "why": "do it", "citations": ["E2"]},
            {"tool": "restart_worker", "why": "as before", "citations": ["E2"]},
        ]
    }
    async with ScriptedModel([call(answer)]) as model:
        found = await of(diagnostician(model))
    assert [r.tool for r in found.remedies] == ["restart_worker"]
    assert found.caveats[0].endswith("was refused: the catalogue has no such action for this incident.")
    assert len(found.caveats[0]) < 160
    assert found.method is Method.MODEL


async def test_many_incidents_at_once_share_one_model() -> None:
    """Diagnoses that run side by side do not disturb each other."""
    async with ScriptedModel([call(SOUND)]) as model:
        asked = diagnostician(model)
        found = await asyncio.gather(*(of(asked) for _ in range(8)))
        await asked.aclose()
    assert {d.tokens for d in found} == {150}
    assert len(model.requests) == 8
