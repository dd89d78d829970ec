"""A question in an incident's thread has production looked at: by real checks, once, in bounds, and kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.evaluate.record import record
from bot.llm.author import ModelAuthor
from bot.llm.models import Models
from bot.llm.providers import Provider
from bot.settings.questions_section import QuestionsSection
from bot.stages.conversing import Conversing
from bot.stages.fitting_checks import Wanted
from bot.tools.in_force import Adopted
from tests.investigated import Investigated, investigated
from tests.questioned import Thread, checks
from tests.scripted_model import Reply, prose
from tests.world import text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Investigated]:
    folder = tmp_path_factory.mktemp("fresh")
    async with investigated(folder, checks=checks(folder)) as made:
        yield made


@pytest.fixture
def stage(opened: Investigated) -> Investigated:
    """Nothing was asked yet, and all is calm."""
    opened.calm()
    opened.model = None
    state(opened, queue=3, disk=4)
    opened.state("journal", "one\ntwo\n")
    (opened.folder / "gate").unlink(missing_ok=True)
    (opened.folder / "gate.begun").unlink(missing_ok=True)
    return opened


def state(stage: Investigated, **values: float) -> None:
    for name, value in values.items():
        stage.state(name, {"value": value})


def later(stage: Investigated, seconds: float) -> None:
    stage.clock.ahead += timedelta(seconds=seconds)


def told(said: Any) -> dict[str, str]:  # noqa: ANN401  # the content of a message
    """What was read, by title."""
    return {one["title"]: one["told"] for one in said["fresh"]}


async def test_is_it_still_growing_is_answered_by_a_look(stage: Investigated) -> None:
    """What fits is read now and shown with value, bound, time and what it was before; nothing else is."""
    thread = Thread(stage, stage.open())
    state(stage, queue=4)
    await thread.ask("how long is the queue?")
    later(stage, 60)
    state(stage, queue=9)
    said = await thread.ask("is the queue still growing?")
    (one,) = said["fresh"]
    assert (one["id"], one["verdict"], said["reading"]) == ("R2", "faulty", [])
    assert one["told"].startswith("9 points, was 4 points at ")
    assert one["judged"] == "not as it should be (at most 5)"
    assert thread.runs() == ["queue", "queue"]
    text = text_of(thread.shown())
    assert f"Fresh readings, as of {one['at']}" in text.replace("*", "")
    assert stage.untouched()


async def test_the_asker_is_answered_in_french(stage: Investigated) -> None:
    """Heading, value, bound and age in French, by a check that is named in English."""
    thread = Thread(stage, stage.open())
    state(stage, disk=8)
    said = await thread.ask("le disque est-il toujours plein ?")
    assert told(said) == {"Share of the disk in use": "8 points"}
    assert said["fresh"][0]["judged"] == "anormal (attendu : au plus 5)"
    assert "Relevés frais" in text_of(thread.shown())
    later(stage, 12)
    again = await thread.ask("et le disque, maintenant ?")
    assert again["fresh"][0]["age"].startswith("lu il y a 12 s")
    assert thread.runs() == ["disk"]


async def test_what_was_read_is_evidence_of_the_incident_and_stays(stage: Investigated) -> None:
    """Numbered, timed, addressed by its content, told with the evidence, and there after the next round."""
    incident = stage.open()
    await stage.investigate(incident)
    thread = Thread(stage, incident)
    later(stage, 60)
    state(stage, queue=7)
    said = await thread.ask("is the queue still growing?")
    pieces = {piece.id: piece for piece in stage.evidence(incident)}
    piece = pieces[said["fresh"][0]["id"]]
    assert piece.is_of_a_question
    assert piece.digest == hashlib.sha256(piece.text.encode()).hexdigest()
    assert f"{piece.at:%H:%M:%S} UTC" == said["fresh"][0]["at"]
    assert "was 3 points" in said["fresh"][0]["told"]  # of the investigation
    assert "R1\ntext\n queue: 7 points" in text_of(stage.shown(incident, "evidence"))
    with stage.store.begin() as tx:
        tx.diagnoses.put_evidence(incident.id, [])
    assert stage.evidence(incident) == [piece]


async def test_a_long_output_is_kept_whole_and_shown_by_its_end(stage: Investigated) -> None:
    """The last lines in the answer, all of it by its digest."""
    lines = [f"{'abcdefghijklmnopqrstuvwxyz'[n % 26] * (n // 26 + 2)} {'and so on ' * 6}" for n in range(300)]
    lines = [line.strip() for line in lines]
    stage.state("journal", "\n".join(lines) + "\n")
    thread = Thread(stage, stage.open())
    said = await thread.ask("what does the journal say?")
    assert said["fresh"][0]["lines"][-1] == lines[-1]
    (piece,) = stage.evidence(thread.incident)
    with stage.store.read() as tx:
        whole = tx.investigations.whole(piece.digest)
    assert whole is not None
    assert all(line in whole for line in lines)


@pytest.mark.attack("P18")
async def test_a_check_that_fails_is_said_and_the_rest_goes_on(stage: Investigated) -> None:
    """With why, in its place; the others are read."""
    thread = Thread(stage, stage.open())
    said = await thread.ask("are cache and queue ok now?")
    by_title = told(said)
    assert by_title["Orders in the queue"] == "3 points"
    assert by_title["Does the cache answer?"].startswith("could not be read: ")
    failed = said["fresh"][0]
    assert "no route to the host" in failed["lines"][-1]
    assert failed["id"] in {piece.id for piece in stage.evidence(thread.incident)}


async def test_two_who_ask_the_same_at_once_have_it_read_once(stage: Investigated) -> None:
    """One run of the program for both, one number; the second question waits for it."""
    thread = Thread(stage, stage.open())
    before = thread.counted("queue")
    keys = [thread.keep("is the queue still growing?") for _ in range(4)]
    await asyncio.gather(*map(thread.conversing.answer, keys))
    assert thread.counted("queue") == before + 1
    assert {thread.said(key)["fresh"][0]["id"] for key in keys} == {"R1"}
    assert thread.runs() == ["queue"]


async def test_a_reading_stands_for_a_while_and_is_then_made_again(stage: Investigated) -> None:
    """For `again_after_s` it is shown with its age, also that of an investigation; then made again."""
    incident = stage.open()
    await stage.investigate(incident)
    thread = Thread(stage, incident)
    later(stage, 20)
    first = await thread.ask("is the queue still growing?")
    assert (first["fresh"][0]["id"][0], first["fresh"][0]["age"]) == ("E", "read 20 s ago, not again")
    later(stage, 20)
    second = await thread.ask("is the queue still growing?")
    assert (second["fresh"][0]["id"], second["fresh"][0]["age"]) == ("R1", "")
    eager = Thread(stage, incident, again_after_s=0)
    before = thread.counted("queue")
    await eager.ask("is the queue still growing?")
    assert thread.counted("queue") == before + 1


async def test_what_is_known_is_told_before_a_check_has_ended(stage: Investigated) -> None:
    """The message says what is being read; it is edited once that is there."""
    thread = Thread(stage, stage.open())
    (stage.folder / "gate").touch()
    key = thread.keep("how far behind is the replica now?")
    answering = asyncio.create_task(thread.conversing.answer(key))
    async with asyncio.timeout(60):
        while not (stage.folder / "gate.begun").exists():
            await asyncio.sleep(0.02)
    said = thread.said(key)
    assert (said["reading"], said["fresh"]) == (["Delay of the replica"], [])
    assert "Reading now" in text_of(thread.shown(key))
    assert not answering.done()
    (stage.folder / "gate").unlink()
    await answering
    assert told(thread.said(key)) == {"Delay of the replica": "3 points"}
    with stage.store.read() as tx:
        kept = tx.inbox.get(key)
    assert kept is not None
    assert kept.done_at is not None


async def test_what_does_not_end_in_time_is_said_to_be_missing(stage: Investigated) -> None:
    """The rest is there; who asks after it has ended gets its value, and no second run was asked for."""
    (stage.folder / "gate").touch()
    thread = Thread(stage, stage.open(), within_s=1.0)
    said = await thread.ask("are replica and queue ok now?")
    assert told(said) == {
        "Delay of the replica": "could not be read: it did not end within 1 s.",
        "Orders in the queue": "3 points",
    }
    (stage.folder / "gate").unlink()
    patient = Thread(stage, thread.incident)
    again = await patient.ask("how is the replica now?")
    assert told(again) == {"Delay of the replica": "3 points"}
    assert thread.runs().count("replica") == 1


async def test_one_question_runs_no_more_than_its_bound(stage: Investigated) -> None:
    """Whatever would fit; 0 in the settings is no reading at all."""
    thread = Thread(stage, stage.open(), checks=2)
    said = await thread.ask("are queue and disk and replica and journal ok now?")
    assert len(said["fresh"]) == len(thread.runs()) == 2
    with stage.store.read() as tx:
        tools = Adopted().tools(tx)
    many = [Wanted(tools[name], {}) for name in ("journal", "replica", "depth")]
    assert len(await thread.freshly.read(thread.incident, many, draw=False)) == 2
    assert QuestionsSection(checks=0).freshness is None


@pytest.mark.parametrize(
    "question", ["what changed since noon?", "have we seen this before?", "how do I empty the queue?"]
)
async def test_a_question_that_no_look_answers_reads_nothing(stage: Investigated, question: str) -> None:
    """No run is asked for, and the answer has no heading for it."""
    thread = Thread(stage, stage.open())
    said = await thread.ask(question)
    assert (thread.runs(), said["fresh"], said["reading"]) == ([], [], [])
    assert "Fresh readings" not in text_of(thread.shown())


async def test_asked_by_its_number_it_is_read_where_everybody_may_read_it(stage: Investigated) -> None:
    """In a direct message and a public channel; not in a private or shared one, whose people nobody knows."""
    thread = Thread(stage, stage.open())
    question = f"is the queue of #{thread.incident.id} still growing?"
    elsewhere = {"incident_id": None, "thread_ts": None}
    for place in ({"channel": "C2", "access": ["C2"]}, {"channel": "C3"}):
        said = await thread.ask(question, **elsewhere, **place)
        assert (said["fresh"], thread.runs()) == ([], [])
    for place in ({"channel": "D1", "access": ["U1"]}, {"channel": "C4", "access": []}):
        said = await thread.ask(question, **elsewhere, **place)
        assert told(said) == {"Orders in the queue": "3 points"}


def author(stage: Investigated, *replies: Reply) -> ModelAuthor:
    assert stage.server is not None
    stage.server.play(list(replies))
    one = Provider("main", stage.server.base_url, "scripted", "key")
    return ModelAuthor(Models([one], count=lambda text: len(text) // 4 + 1, store=stage.store))


async def test_a_model_writes_on_what_was_just_read(stage: Investigated) -> None:
    """It is sent the reading first, with its time; what it says of it is held against it."""
    wrote = author(stage, prose("The queue holds 11 points now [R1]. It held 99 points [R1]. All is over."))
    thread = Thread(stage, stage.open(), wrote)
    state(stage, queue=11)
    said = await thread.ask("is the queue still growing?")
    assert [one["text"] for one in said["said"]] == ["The queue holds 11 points now."]
    assert len(said["doubted"]) == 2
    assert told(said) == {"Orders in the queue": "11 points"}
    assert stage.server is not None
    sent = json.dumps(stage.server.requests[-1]["messages"])
    assert "11 points" in sent
    assert sent.index("R1, check") < sent.index("recorded events")
    await wrote.aclose()


async def test_a_model_that_is_away_leaves_the_readings(stage: Investigated) -> None:
    """They are shown, and why there are no words."""
    wrote = author(stage, Reply(status=500, body="{}"))
    thread = Thread(stage, stage.open(), wrote)
    said = await thread.ask("is the queue still growing?")
    assert told(said) == {"Orders in the queue": "3 points"}
    assert said["note"]
    await wrote.aclose()


async def test_a_recorded_case_is_what_the_diagnosis_had(stage: Investigated, tmp_path: Path) -> None:
    """What people had read afterwards is no part of it."""
    incident = stage.open()
    await stage.investigate(incident)

    def checks_of(name: str) -> int:
        with stage.store.read() as tx:
            return record(tx, list(Adopted().tools(tx).values()), incident.id, tmp_path / name)["checks"]

    before = checks_of("before")
    thread = Thread(stage, incident, again_after_s=0)
    await thread.ask("is the queue still growing?")
    assert stage.evidence(incident)[-1].id == "R1"
    assert checks_of("after") == before


async def test_a_follow_up_knows_what_was_read_before(stage: Investigated) -> None:
    """Where no model wrote anything, what was read is what was said."""
    thread = Thread(stage, stage.open())
    await thread.ask("is the queue still growing?")
    wrote = author(stage, prose("The queue holds 3 points [R1]."))
    follow_up = Conversing(stage.store, Adopted(), thread.conversing._search, wrote)
    await follow_up.answer(thread.keep("why?"))
    assert stage.server is not None
    assert "Orders in the queue: 3 points." in str(stage.server.requests[-1]["messages"])
    assert thread.said(thread._key)["said"]
    await wrote.aclose()
