"""`vigie eval model` and `vigie eval record`: facts that do not hold are missed, a record can be run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.__main__ import main
from bot.domain.diagnosis import Diagnosis, Hypothesis, Method, Remedy
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.spending import ANSWERED, Purpose, Reserve, Settled, Spent
from bot.errors import BadInput
from bot.evaluate.cases import SHIPPED, Expected, load
from bot.evaluate.model import interval, missed_by
from bot.evaluate.record import record
from bot.llm.answer import DiagnosisAnswer, as_diagnosis
from bot.llm.reading import CHECK
from tests.desk import Desk
from tests.scripted_model import ScriptedModel, call, prose, reads
from tests.unit.diagnosis.builders import tool

CASE = SHIPPED / "stale-lock"
SOUND = json.loads((CASE / "answers.json").read_text())[0]["tool_calls"][0]["function"]["arguments"]
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ0123"


def test_a_dozen_cases_ship_and_their_recorded_answers_hold_their_facts() -> None:
    """Each has alerts, checks, documents, an action, facts, and an answer of which no fact is missed."""
    cases = load(SHIPPED)
    assert len(cases) >= 12
    for case in cases:
        assert case.alerts and case.runs and case.tools and list((case.folder / "knowledge").glob("*.md")), (
            case.id
        )
        assert case.expected.why and (case.expected.cause or case.expected.unknown), case.id
        said = json.loads(case.answers[0]["tool_calls"][0]["function"]["arguments"])
        made = as_diagnosis(DiagnosisAnswer.model_validate(said), prompt="p", model="m", tokens=1)
        assert missed_by(made, case.expected) == (), case.id


MADE = Diagnosis(
    Method.MODEL,
    (Hypothesis("stale-lock", "Process 4711 is dead.", 0.8, ("E1",), (), "shop-pool"),),
    (Remedy("clear_lock", {}, "it helped", ("E1",)),),
)


@pytest.mark.parametrize(
    ("facts", "missed"),
    [
        (
            {
                "cause": ["stale lock"],
                "component": ["shop pool"],
                "actions": ["clear_lock"],
                "says": ["4711"],
            },
            (),
        ),
        ({"cause": ["disk full"]}, ("cause",)),
        ({"component": ["database"]}, ("component",)),
        ({"actions": ["restart"]}, ("proposes restart",)),
        ({"forbidden_actions": ["clear_lock"]}, ("does not propose clear_lock",)),
        ({"says": ["4712"]}, ("says 4712",)),
        ({"never_says": ["Dead"]}, ("never says Dead",)),
        ({"unknown": True}, ("names no cause",)),
    ],
)
def test_a_fact_that_does_not_hold_is_missed(facts: dict[str, Any], missed: tuple[str, ...]) -> None:
    """Each kind of fact by itself, whatever its case and hyphens."""
    assert missed_by(MADE, Expected(**facts)) == missed


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_interval_holds_the_share(passed: int, more: int) -> None:
    """Within 0 and 1, around what was seen, and never a point."""
    runs = passed + more
    low, high = interval(passed, runs)
    assert 0 <= low < high <= 1
    if runs:
        assert low <= passed / runs <= high


def test_recorded_answers_are_played_back_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole way of a diagnosis, without a model and without vigie.toml."""
    assert main(["eval", "model", str(CASE), "--recorded", "--repeats", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["cases"], told["runs"], told["passed"], told["recorded"]) == (1, 2, 2, True)
    assert "says nothing about any model" in told["notes"][-1]
    assert told["grounded"] == 1.0


def written(section: str, url: str) -> str:
    """A vigie.toml that searches by words alone, with this section, and with the scripted model last."""
    searched = "[knowledge]\nvectors = false"
    asked = f'[[model.providers]]\nname = "main"\nurl = "{url}"\nmodel = "scripted"'
    return "\n".join([searched, section, asked, ""])


async def test_ones_own_model_is_asked_with_prices_and_bounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong answer, an uncited one, prose and a sound one: pass rate, grounding, cost; the exit says no."""
    lie = {"cause": "stale-lock", "statement": "s", "confidence": 0.9, "citations": ["E77"]}
    wrong = {"cause": "disk full", "statement": "The disk is full.", "confidence": 0.9, "citations": ["E2"]}
    script = [
        call({"hypotheses": [wrong]}),
        call({"hypotheses": [lie]}),
        prose("It is the lock."),
        prose("It is the lock."),
        call(json.loads(SOUND)),
    ]
    async with ScriptedModel(script) as model:
        config = tmp_path / "vigie.toml"
        config.write_text(
            written("[model.budget]\nday_tokens = 1", model.base_url) + "price_in = 10.0\nprice_out = 20.0\n"
        )
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        command = ["eval", "model", str(CASE), "--repeats", "4", "--at-least", "0.5", "--json"]
        code = await asyncio.to_thread(main, [*command, "--config", str(config)])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["runs"], told["passed"], told["without_model"]) == (1, 4, 1, 1)
    assert told["model"] == "scripted" and not told["recorded"]
    assert told["cost"] == pytest.approx(5 * (100 * 10 + 50 * 20) / 1_000_000)
    assert 0 < told["grounded"] < 1
    (case,) = told["by_case"]
    assert case["missed"]["the model answers"] == 1


async def test_a_model_reads_for_itself_what_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in `serve`: it searches the case's knowledge, a check gives what it gave then, and bounds hold."""
    (case,) = load(CASE)
    first = case.runs[0]
    assert first.result is not None
    script = [
        reads(
            ("search_knowledge", {"words": "stale lock of the pool"}),
            (f"{CHECK}{first.tool}", {}),
            ("read_evidence", {"evidence": "E1", "find": ""}),
        ),
        reads((f"{CHECK}{first.tool}", {"force": True}), ("plan", {"steps": ["look at the lock"]})),
        call(json.loads(SOUND)),
    ]
    async with ScriptedModel(script) as model:
        config = tmp_path / "vigie.toml"
        config.write_text(written("[investigation]\nat_once = 2", model.base_url))
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        command = ["eval", "model", str(CASE), "--json", "--config", str(config)]
        assert await asyncio.to_thread(main, [*command, "--repeats", "1"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["passed"], told["runs"], told["without_model"]) == (1, 1, 0)
        searched, checked, beyond = [
            m["content"] for m in model.requests[1]["messages"] if m["role"] == "tool"
        ]
        assert "=== begin evidence E" in searched
        assert first.result.told in checked
        assert "at most 2 readings at once" in beyond
        offered = {one["function"]["name"] for one in model.requests[0]["tools"]}
        assert {
            "search_knowledge",
            "read_evidence",
            "plan",
            *(f"{CHECK}{run.tool}" for run in case.runs),
        } <= offered

        config.write_text(written("[investigation]\nenabled = false", model.base_url))
        model.play([call(json.loads(SOUND))])
        assert await asyncio.to_thread(main, [*command, "--repeats", "1"]) == 0
        assert "search_knowledge" not in json.dumps(model.requests[0]["tools"])


def test_an_incident_is_recorded_by_one_call_and_can_be_run(tmp_path: Path) -> None:
    """What was seen, known and answered is in it, and no secret; nothing is written over."""
    desk = Desk(tmp_path)
    desk.copilot.alerts.receive([desk.alert("OrdersStuck")])
    folder = tmp_path / "cases" / "mine"
    act = tool("fix", services=("orders",), environments=("test",))
    with desk.store.begin() as tx:
        incident = tx.incidents.open_now()[-1]
        with pytest.raises(BadInput, match="was not investigated"):
            record(tx, [act], incident.id, folder)
        facts: dict[str, object] = {"tool": "queue", "verdict": "faulty", "value": 47, "unit": "orders"}
        past: dict[str, object] = {
            "kind": "incident",
            "document": "d/1",
            "cause": "stale-lock",
            "actions": ["fix"],
        }
        pieces = [
            Evidence(
                "E1", EvidenceKind.CHECK, "queue", f"47 orders\ntoken {TOKEN}", "check:1", tx.now, "d", facts
            ),
            Evidence(
                "E2", EvidenceKind.PASSAGE, 'A "title"', "The lock was stale.", "d/1#0", tx.now, "d", past
            ),
        ]
        tx.diagnoses.put_evidence(incident.id, pieces)
        purpose = Purpose("diagnose", "p", incident.id)
        number = tx.exchanges.reserve(Reserve(purpose, "main", "m", Spent(), "USD", "sent"))
        said = json.dumps([{"role": "assistant", "content": f"use {TOKEN}"}])
        tx.exchanges.settle(number, Settled(ANSWERED, 1, 1, 0.0, 0.1, said))
        counts = record(tx, [act], incident.id, folder)
        with pytest.raises(BadInput, match="is there already"):
            record(tx, [act], incident.id, folder)
        with pytest.raises(BadInput, match="no incident #999"):
            record(tx, [act], 999, tmp_path / "other")
    assert counts == {"alerts": 1, "checks": 1, "documents": 1, "answers": 1}
    assert not any(TOKEN in path.read_text() for path in folder.rglob("*.*"))
    (case,) = load(tmp_path / "cases")
    assert (case.id, [a.name for a in case.alerts], [t.name for t in case.tools]) == (
        "mine",
        ["OrdersStuck"],
        ["fix"],
    )
    (run,) = case.runs
    assert run.result is not None
    assert (run.result.value, run.result.told) == (47, "47 orders")


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("case.json", "{", "cannot be read"),
        ("case.json", '{"title": "x"}', "service"),
        ("expected.toml", "cuase = []", "cuase"),
        ("expected.toml", "cause = 3", "cause"),
        ("answers.json", "{}", "a list of messages"),
    ],
)
def test_a_broken_case_is_named_by_file_and_field(tmp_path: Path, file: str, text: str, named: str) -> None:
    """A misspelt fact too: it would never be missed."""
    for source in CASE.glob("*.*"):
        (tmp_path / source.name).write_text(source.read_text())
    (tmp_path / file).write_text(text)
    with pytest.raises(BadInput, match=named) as refused:
        load(tmp_path)
    assert file in str(refused.value)


def test_no_model_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is configured: exit 2."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "vigie.toml").write_text("")
    assert main(["eval", "model", str(CASE), "--config", str(tmp_path / "vigie.toml")]) == 2
