"""The diagnostician against a real local endpoint: what it sends, keeps, and does not send."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import tiktoken

import prompts
from bot.domain.diagnosis import Method
from bot.errors import ModelUnavailable
from bot.llm.diagnostician import ModelDiagnostician
from bot.llm.providers import Order
from tests.scripted_model import ScriptedModel, call, prose
from tests.unit.diagnosis.builders import INCIDENT, PURGE, TOOLS, alert, past, runbook, tool

ENCODING = tiktoken.get_encoding("o200k_base")
EVIDENCE = (alert(), past("E2", "dead worker"), runbook())
SOUND: dict[str, object] = {
    "hypotheses": [
        {"cause": "full disk", "statement": "Less likely.", "confidence": 0.2, "citations": ["E1"]},
        {"cause": "dead worker", "statement": "Likely.", "confidence": 0.6, "citations": ["E2"]},
    ],
    "remedies": [
        {
            "tool": "purge_queue",
            "arguments": {"older_than_h": 2, "all": True},
            "why": "w",
            "citations": ["E2"],
        }
    ],
    "advice": ["Look at the queue."],
    "gaps": ["No logs."],
}


def tokens(text: str) -> int:
    return len(ENCODING.encode_ordinary(text))


def diagnostician(model: ScriptedModel, name: str = "scripted") -> ModelDiagnostician:
    return ModelDiagnostician(api_key="sk-test", base_url=model.base_url, model=name, count=tokens)


async def test_an_answer_becomes_a_diagnosis() -> None:
    """Most confident first, typed arguments kept, with prompt version, model and tokens as used."""
    async with ScriptedModel([call(SOUND)]) as model:
        found = await diagnostician(model).diagnose(INCIDENT, EVIDENCE, TOOLS)
    assert found.method is Method.MODEL
    assert [h.cause for h in found.hypotheses] == ["dead worker", "full disk"]
    assert found.remedies[0].arguments == {"older_than_h": 2, "all": True}
    assert (found.model, found.tokens) == ("scripted", 150)
    assert found.prompt == f"diagnose@{prompts.version('diagnose')}"
    assert (found.advice, found.gaps) == (("Look at the queue.",), ("No logs.",))


async def test_what_is_sent() -> None:
    """One request, not streamed: one forced tool, a bounded answer, the key, and the catalogue's actions."""
    async with ScriptedModel([call(SOUND)]) as model:
        await diagnostician(model).diagnose(INCIDENT, EVIDENCE, TOOLS)
    (asked,) = model.requests
    assert not asked["stream"]
    assert [t["function"]["name"] for t in asked["tools"]] == ["DiagnosisAnswer"]
    assert asked["tool_choice"] == "required"
    assert 0 < asked["max_completion_tokens"] <= 1500
    assert model.headers[0]["Authorization"] == "Bearer sk-test"
    case = asked["messages"][1]["content"]
    assert "- restart_worker(worker: leave out): does restart_worker Risk: low." in case
    assert "- purge_queue(older_than_h: integer 1 to 9)" in case
    assert "queue_depth(" not in case


async def test_a_full_prompt_leaves_room_for_a_repair() -> None:
    """With the evidence at its bound and some actions, the default budget holds two turns."""
    long = [past(f"E{n}", "dead worker") for n in range(2, 12)]
    full = [alert(text="orders wait, nobody knows why; " * 500), *long]
    usual = [tool(f"act_{n}") for n in range(6)]
    async with ScriptedModel([prose("It is the worker."), call(SOUND)]) as model:
        asked = diagnostician(model)
        found = await asked.diagnose(INCIDENT, full, [*usual, PURGE])
    assert found.method is Method.MODEL
    assert len(model.requests) == 2
    sent = model.requests[0]["messages"][1]["content"]
    assert 1400 < tokens(sent) < 2000


async def test_only_evidence_that_was_sent_can_be_cited() -> None:
    """A piece that was left out for length is no ground for anything."""
    crowd = [past(f"E{n}", "dead worker") for n in range(1, 60)]
    answer = {"hypotheses": [{"cause": "c", "statement": "s", "confidence": 0.5, "citations": ["E59"]}]}
    async with ScriptedModel([call(answer)]) as model:
        found = await diagnostician(model).diagnose(INCIDENT, crowd, TOOLS)
    assert "E59," not in model.requests[0]["messages"][1]["content"]
    assert "more pieces were left out for length" in model.requests[0]["messages"][1]["content"]
    assert found.hypotheses == ()
    assert "does not resolve" in found.caveats[0]


def test_one_diagnostician_survives_two_event_loops() -> None:
    """Its connections belong to the loop that made them; a second loop gets its own."""

    async def once(made: list[ModelDiagnostician]) -> int:
        async with ScriptedModel([call(SOUND)]) as model:
            if not made:
                made.append(diagnostician(model))
            # The second server has another port.
            one = replace(made[0].models.order.every[0], url=model.base_url)
            made[0].models.order = Order([one], lambda: 0.0)
            for _ in range(2):
                await made[0].diagnose(INCIDENT, EVIDENCE, TOOLS)
            await (await made[0]._agent.get()).aclose()  # it is not forgotten by that
            return len(model.requests)

    made: list[ModelDiagnostician] = []
    assert [asyncio.run(once(made)), asyncio.run(once(made))] == [2, 2]


async def test_a_dead_endpoint_is_a_model_without_an_answer() -> None:
    """Nothing listens there: one retry, then the reason in words."""
    async with ScriptedModel([call(SOUND)]) as model:
        asked = diagnostician(model)
    with pytest.raises(ModelUnavailable, match="The connection to its endpoint failed"):
        await asked.diagnose(INCIDENT, EVIDENCE, TOOLS)
    assert asked.counts["retries"] == 1


@pytest.mark.parametrize("when", ["before the libraries are loaded", "after"])
async def test_nothing_is_traced(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """With LangSmith's variables set, at whatever time, prompts still go to the endpoint alone."""
    from langchain_core.tracers.langchain import wait_for_all_tracers
    from langsmith import utils

    async with ScriptedModel([call(SOUND)]) as model, ScriptedModel([prose("")]) as tracer:
        asked = diagnostician(model)
        if when == "after":
            await asked.warm()
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", tracer.base_url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "k")
        utils.get_env_var.cache_clear()  # type: ignore[attr-defined]  # its overloads hide the cache
        await asked.diagnose(INCIDENT, EVIDENCE, TOOLS)
        assert ("LANGSMITH_TRACING" in os.environ) == (when == "after")
        await asyncio.to_thread(wait_for_all_tracers)
        assert not tracer.strays
        assert not tracer.requests
    utils.get_env_var.cache_clear()  # type: ignore[attr-defined]  # its overloads hide the cache


def test_importing_the_diagnostician_loads_no_library() -> None:
    """langchain and openai are loaded at the first question, not at start."""
    program = (
        "import sys, bot.llm.diagnostician, bot.stages.diagnose\n"
        "heavy = {'langchain', 'langchain_core', 'openai', 'pydantic', 'jinja2', 'httpx2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
