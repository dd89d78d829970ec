"""A model that reads for one incident, on real parts: what it is given, what people see, how it ends."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.diagnosis import Method
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.investigation import SEARCH, Wish
from bot.domain.spending import NeverSend
from bot.llm.privacy import Privacy
from bot.store import tables
from knowledge.model import Document
from tests.another_writer import another_writer
from tests.investigated import Investigated, investigated
from tests.scripted_model import Reply, call, hang, reads
from tests.wire import until
from tests.world import text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW: dict[str, object] = {"once": "now"}
DONE = call(
    {
        "hypotheses": [
            {
                "cause": "stale lock",
                "statement": "Its holder is dead.",
                "confidence": 0.9,
                "citations": ["E1"],
                "quotes": [{"evidence": "E1", "text": "Orders wait for 10 minutes"}],
            }
        ],
        "remedies": [{"tool": "clear_lock", "why": "The lock is stale.", "citations": ["E1"]}],
    }
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Investigated]:
    async with investigated(tmp_path_factory.mktemp("investigating")) as made:
        yield made


@pytest.fixture
def stage(opened: Investigated) -> Investigated:
    opened.calm()
    for name in ("left", "right"):
        (opened.folder / name).unlink(missing_ok=True)
    return opened


def answers(asked: dict[str, Any]) -> list[str]:
    """What the tools have answered, as the model gets it, in order."""
    return [str(message["content"]) for message in asked["messages"] if message["role"] == "tool"]


def by_tool(evidence: list[Evidence]) -> dict[str, Evidence]:
    return {str(piece.facts["tool"]): piece for piece in evidence if piece.kind is EvidenceKind.CHECK}


async def test_checks_run_side_by_side_and_come_in_the_order_of_the_request(stage: Investigated) -> None:
    """Two checks that wait for each other both meet; the quick one behind them keeps its place."""
    asked: list[tuple[str, dict[str, object]]] = [
        ("check_left", NOW),
        ("check_right", NOW),
        ("check_log", {"lines": 9}),
        ("search_knowledge", {"words": "lock"}),
    ]
    await stage.ask(reads(*asked), DONE)
    incident = stage.open()
    await stage.investigate(incident)
    assert stage.server is not None
    left, right, log, found = answers(stage.server.requests[-1])
    assert "| met" in left
    assert "| met" in right
    assert "held by a dead process" in log
    assert "The lock was stale" in found
    order = [piece.title for piece in stage.evidence(incident) if piece.title in ("left", "right", "log")]
    assert order == ["left", "right", "log"]
    known = stage.investigation(incident)
    assert known is not None
    assert [step.what.split(" (")[0] for step in known.steps] == [
        "Checking left", "Checking right", "Checking log", "Searching for “lock”",
    ]  # fmt: skip
    assert all(step.said for step in known.steps)


async def test_with_the_form_filled_in_nothing_more_is_read(stage: Investigated) -> None:
    """A turn that ends and asks to read, too, ends: what it says is the diagnosis, and no check runs."""
    form = (DONE.tool, DONE.arguments)
    await stage.ask(reads(("check_left", NOW), form))
    stage.done.clear()
    incident = stage.open()
    made = await stage.investigate(incident)
    assert stage.server is not None
    assert made.method is Method.MODEL
    assert len(stage.server.requests) == 1
    assert "left" not in by_tool(stage.evidence(incident))


@pytest.mark.attack("P18")
async def test_a_check_that_fails_is_evidence_and_the_rest_goes_on(
    stage: Investigated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One ends with an error, one has no program, one breaks in our own hands: each is said in its place."""
    run = stage.executor.check

    async def breaking(run_id: int) -> None:
        with stage.store.read() as tx:
            known = tx.checks.get(run_id)
        if known is not None and known.tool == "left":
            raise RuntimeError("a fault of our own")
        await run(run_id)

    monkeypatch.setattr(stage.executor, "check", breaking)
    asked = [(f"check_{name}", NOW) for name in ("failing", "missing", "left")]
    await stage.ask(reads(*asked, ("check_log", {"lines": 9})), DONE)
    incident = stage.open()
    made = await stage.investigate(incident)
    assert stage.server is not None
    failing, missing, broken, log = answers(stage.server.requests[-1])
    assert "half of the ans" in failing
    assert "verdict: unknown" in failing
    assert "verdict: unknown" in missing
    assert broken == "It could not be read: RuntimeError."
    assert "held by a dead process" in log
    pieces = by_tool(stage.evidence(incident))
    assert pieces["failing"].facts["problem"]
    assert pieces["missing"].facts["problem"]
    assert made.method is Method.MODEL
    assert [r.tool for r in made.remedies][:1] == ["clear_lock"]


async def test_a_long_output_is_kept_whole_and_read_again_by_a_pointer(stage: Investigated) -> None:
    """The model gets its short form; any line of it can be read and quoted; the digest is of the whole."""
    lines = [
        f"{random.Random(n).randbytes(3).hex()} order waits in {chr(97 + n % 26) * (n // 26 + 1)}"
        for n in range(3000)
    ]
    lines[1500] = "2026-03-01 10:25:00 note: pool two gave back nothing"
    stage.state("log", "\n".join(lines))
    quote = {"evidence": "E5", "text": "pool two gave back nothing"}
    one = {"cause": "pool", "statement": "s", "confidence": 0.9, "citations": ["E5"], "quotes": [quote]}
    again = reads(("read_evidence", {"evidence": "E5", "find": "pool two"}))
    await stage.ask(reads(("check_log", {"lines": 9})), again, call({"hypotheses": [one]}))
    incident = stage.open()
    made = await stage.investigate(incident)
    assert stage.server is not None
    short, found = answers(stage.server.requests[-1])
    assert len(short) < 3200
    assert "pool two" not in short
    assert "1502: 2026-03-01 10:25:00 note: pool two gave back nothing" in found
    assert [h.unsupported for h in made.hypotheses] == [False]
    piece = by_tool(stage.evidence(incident))["log"]
    with stage.store.read() as tx:
        whole = tx.investigations.whole(piece.digest)
    assert whole is not None
    assert lines[1500] in whole
    assert hashlib.sha256(whole.encode()).hexdigest() == piece.digest


async def test_nothing_is_read_twice(stage: Investigated) -> None:
    """The same wish in two turns is one run of the check, and gives the same number."""
    log = reads(("check_log", {"lines": 9}))
    await stage.ask(log, log, DONE)
    incident = stage.open()
    await stage.investigate(incident)
    assert stage.server is not None
    first, second = answers(stage.server.requests[-1])
    assert first == second
    runs = sa.select(tables.check_runs.c.tool).where(tables.check_runs.c.incident_id == incident.id)
    with stage.store._engine.connect() as connection:
        assert sorted(connection.execute(runs).scalars()) == ["depth", "log"]


@pytest.mark.attack("P19")
async def test_the_step_cap_loses_nothing(stage: Investigated) -> None:
    """After the last turn the model must answer; what it read is evidence, and people see that it was cut."""
    log = reads(("check_log", {"lines": 9}))
    await stage.ask(log, reads(("check_probe", {"port": "a"})), DONE, turns=3)
    incident = stage.open()
    made = await stage.investigate(incident)
    assert stage.server is not None
    assert [len(asked["tools"]) > 1 for asked in stage.server.requests] == [True, True, False]
    assert made.incomplete.startswith("Reading ended after 2 turns")
    assert {"log", "probe"} <= by_tool(stage.evidence(incident)).keys()
    told = text_of({"blocks": stage.shown(incident, "diagnosis")})
    assert "*Incomplete*" in told
    assert "stale lock" in told


@pytest.mark.attack("P19")
async def test_what_was_read_before_a_model_dies_is_posted(stage: Investigated) -> None:
    """It hangs in its second turn: the deadline brings the diagnosis without it, with what was found."""
    await stage.ask(reads(("check_log", {"lines": 9})), hang(60), deadline_s=1.5)
    incident = stage.open()
    made = await stage.investigate(incident)
    assert made.method is Method.SIMILAR
    assert made.incomplete == "The model did not answer within 1.5 s."
    assert "log" in by_tool(stage.evidence(incident))
    assert "log" in text_of({"blocks": stage.shown(incident, "evidence")})
    assert [r.tool for r in made.remedies] == ["clear_lock"]


async def test_a_person_stops_it(stage: Investigated) -> None:
    """The model is left at once, what was found stays, and who stopped it is shown and audited."""
    asked = asyncio.Event()

    def script(request: dict[str, Any]) -> Reply:
        if not answers(request):
            return reads(("check_log", {"lines": 9}))
        asked.set()
        return hang(60)

    await stage.ask(by=script)
    incident = stage.open()
    going = asyncio.create_task(stage.investigate(incident))
    await asked.wait()
    assert any(
        b.get("elements", [{}])[0].get("action_id") == "stop_reading"
        for b in stage.shown(incident, "investigation")
    )
    assert stage.stop(incident)
    assert not stage.stop(incident)
    made = await going
    assert "It was stopped while the model was reading" in made.caveats[0]
    assert "log" in by_tool(stage.evidence(incident))
    assert "*Stopped* by <@U1>" in text_of({"blocks": stage.shown(incident, "investigation")})
    assert stage.model is not None
    assert stage.model.counts["stopped"] == 1


async def test_a_reading_that_is_ended_is_still_written(stage: Investigated) -> None:
    """Ended again and again while somebody else writes: the loop goes on, and it is over once it is kept."""
    incident = stage.open()
    stage.done.clear()
    reading = asyncio.create_task(stage.desk(incident).read([Wish("left", NOW)]))
    await until(lambda: bool(stage.done))
    with another_writer(stage.store) as other:
        reading.cancel()
        await until(other.is_awaited)
        reading.cancel()
        await asyncio.sleep(0)
        assert not reading.done()
        other.let_go()
        await asyncio.wait({reading})
    assert other.was_let_go
    assert reading.cancelled()
    known = stage.investigation(incident)
    assert known is not None
    assert [step.said for step in known.steps] == ["Not read: it was ended first."]


async def test_the_plan_is_shown_as_the_models(stage: Investigated) -> None:
    """Its words stand under a heading that says whose they are, and only six of them."""
    steps = [f"Look at <!channel> {n}" for n in range(9)]
    await stage.ask(reads(("plan", {"steps": steps})), DONE)
    incident = stage.open()
    await stage.investigate(incident)
    told = text_of({"blocks": stage.shown(incident, "investigation")})
    assert "Plan of the model" in told
    assert "Look at <!channel> 5" in told
    assert "Look at <!channel> 6" not in told


async def test_too_many_at_once_and_in_all_are_refused_in_words(stage: Investigated) -> None:
    """What is beyond the bounds is not run, and the model is told."""
    ports = [("check_probe", {"port": name}) for name in "abcd"]
    await stage.ask(reads(*ports), reads(("check_log", {"lines": 9})), DONE, at_once=3, reads=3)
    incident = stage.open()
    await stage.investigate(incident)
    assert stage.server is not None
    told = answers(stage.server.requests[-1])
    assert ["| open" in one for one in told] == [True, True, True, False, False]
    assert told[3].startswith("Not read: at most 3 readings at once.")
    assert told[4].startswith("Not read: this investigation has read as much as it may.")


async def test_what_no_model_may_see_is_not_read_to_one(stage: Investigated) -> None:
    """A document about a service that is never sent: found for people, and withheld from the model's turn."""
    document = Document(
        id="runbooks/mail-secret",
        title="Mail queue of the frobnicator",
        kind="runbook",
        text="## Mail\n\nThe frobnicator of the mail queue is cleared by hand.\n",
        service="mail",
    )
    stage.knowledge.add(document)
    asked: list[dict[str, Any]] = []

    def script(request: dict[str, Any]) -> Reply:
        asked.append(request)
        return DONE if len(asked) > 1 else reads((SEARCH, {"words": "frobnicator mail queue"}))

    await stage.ask(by=script)
    assert stage.model is not None
    stage.model.models.privacy = Privacy(never_send=(NeverSend(service="mail"),))
    try:
        incident = stage.open()
        await stage.investigate(incident)
    finally:
        stage.knowledge.remove(document.id)
    assert "The frobnicator of the mail queue" in str([piece.text for piece in stage.evidence(incident)])
    assert "Orders stuck" in answers(asked[-1])[0], "what may be seen is"
    assert "cleared by hand" not in str(asked)
