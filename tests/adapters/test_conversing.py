"""Questions in a thread and drafts, over real rows and the real line to a scripted model."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot.announcements import INCIDENTS, announce_incident, answer_key, incident_key
from bot.copilot.drafts import Drafts, Habits
from bot.domain.conversation import Task, Written
from bot.domain.drafts import DraftKind
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.incident import Incident
from bot.domain.spending import Limit, Limits, NeverSend
from bot.errors import AlreadyDone, ModelUnavailable, Refused
from bot.in_force import InForce
from bot.llm.author import ModelAuthor, Room
from bot.llm.models import Models
from bot.llm.privacy import Privacy
from bot.llm.providers import Provider
from bot.stages.conversing import Conversing
from bot.tools.in_force import Adopted
from knowledge.model import Passage, Query, SearchResult
from tests.desk import LATE, ON_CALL, Desk
from tests.scripted_model import Reply, ScriptedModel, prose, status
from tests.unit.diagnosis.builders import tool

CHANNEL, THREAD = "C1", "100.1"
RUNBOOK = Passage(
    "runbooks/cache#0",
    "runbooks/cache",
    "The cache",
    "runbook",
    (),
    "Restart the cache when it is full.",
    "",
    "1",
)
SECRET = Passage("pay/1#0", "pay/1", "Payments", "runbook", (), "The vault is blue.", "", "1", service="pay")
RESTART = tool("restart_cache", title="Restart the cache", services=("orders",), environments=("test",))


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """Loading the library takes a second; no deadline of a test should count it."""
    importlib.import_module("bot.llm.wire")


class Thread:
    """One incident's thread: what is asked in it, and what the answer's message says then."""

    def __init__(self, path: Path, model: ScriptedModel | None = None, **more: Any) -> None:  # noqa: ANN401
        self.desk = Desk(path)
        self.found = [RUNBOOK]
        self.missing: tuple[str, ...] = ()
        self.desk.copilot.alerts.receive([self.desk.alert("OrdersStuck")])
        with self.desk.store.begin() as tx:
            self.incident: Incident = tx.incidents.open_now()[-1]
            announce_incident(tx, self.incident.id)
            card = tx.posts.get(incident_key(self.incident.id))
            assert card is not None
            tx.posts.sent(card, CHANNEL, THREAD)
            at = tx.now
            pieces = [
                Evidence("E1", EvidenceKind.CHECK, "queue", "47 orders wait", "check:1", at, "d", {}),
                Evidence(
                    "E2",
                    EvidenceKind.PASSAGE,
                    SECRET.title,
                    SECRET.text,
                    SECRET.id,
                    at,
                    "d",
                    {"service": "pay"},
                ),
            ]
            tx.diagnoses.put_evidence(self.incident.id, pieces)
        self.in_force = cast(InForce, SimpleNamespace(tools=lambda _tx: {RESTART.name: RESTART}))
        self.author = self._author(model, **more) if model else None
        self.conversing = Conversing(self.desk.store, self.in_force, self.search, self.author)
        habits = Habits(has_channel=True)
        wake = lambda verb, subject: None  # noqa: E731
        self.drafts = Drafts(self.desk.store, Adopted(), self.desk.group, wake, habits)
        self._asked = 0

    def _author(
        self,
        model: ScriptedModel,
        limits: Limits | None = None,
        never: tuple[NeverSend, ...] = (),
        room: Room = Room(),  # noqa: B008  # frozen
    ) -> ModelAuthor:
        models = Models(
            [Provider("main", model.base_url, "scripted", "key")],
            count=lambda text: len(text) // 4 + 1,
            privacy=Privacy(never_send=never),
            limits=limits,
            store=self.desk.store,
        )
        return ModelAuthor(models, room=room)

    async def search(self, query: Query) -> SearchResult:
        return SearchResult(tuple(self.found), bool(self.found), self.missing)

    async def ask(self, question: str, thread: str = THREAD, incident: bool = True) -> Mapping[str, Any]:
        self._asked += 1
        key = f"message:{self._asked}"
        payload = {
            "question": question,
            "user": ON_CALL.user_id,
            "channel": CHANNEL,
            "thread_ts": thread,
            "incident_id": self.incident.id if incident else None,
        }
        self.desk.copilot.questions.ask(key, payload)
        await self.conversing.answer(key)
        return self.said(key)

    def said(self, key: str) -> Mapping[str, Any]:
        with self.desk.store.read() as tx:
            post, kept = tx.posts.get(answer_key(key)), tx.inbox.get(key)
        assert post is not None and post.content is not None
        assert kept is not None
        return post.content

    async def draft(self, kind: DraftKind, language: str = "en") -> int:
        self._asked += 1
        key = f"event:{self._asked}"
        self.drafts.ask(key, ON_CALL, self.incident.id, kind, language)
        await self.conversing.draft(key)
        (post,) = [p for p in self.desk.posts("draft:") if p.kind == "draft" and not p.ts][-1:]
        assert post.channel == ON_CALL.user_id
        return post.subject

    def text(self, draft: int) -> str:
        with self.desk.store.read() as tx:
            found = tx.drafts.get(draft)
        assert found is not None
        return found.text


async def test_what_changed_is_told_from_rows_without_a_model(tmp_path: Path) -> None:
    """What was recorded from that moment on, and nothing of before; in the asker's language."""
    thread = Thread(tmp_path)
    thread.desk.now += timedelta(hours=10)
    thread.desk.copilot.incidents.take(ON_CALL, thread.incident.id)
    said = await thread.ask("qu'est-ce qui a changé depuis midi ?")
    assert (said["language"], said["since"]) == ("fr", "2026-03-01 12:00 UTC")
    assert [source["text"] for source in said["listed"]] == [f"{ON_CALL.user_id} a pris #1"]
    for question in ("what changed since midnight?", "what happened in #1?", "que s’est-il passé ?"):
        asked = await thread.ask(question, incident="#1" not in question)
        assert "#1 " in asked["listed"][0]["text"], question
        assert not asked["said"]
    assert not (await thread.ask("why is it slow?"))["listed"]


async def test_an_action_that_is_asked_about_is_offered_to_be_proposed(tmp_path: Path) -> None:
    """The catalogue's own action by words that both share; the button only opens its form."""
    thread = Thread(tmp_path)
    asked = await thread.ask("et si on redémarrait le cache ?")
    assert [one["value"] for one in asked["actions"]] == [f"restart_cache:{thread.incident.id}"]
    assert not (await thread.ask("why is the cache slow?"))["actions"]


ANSWER = (
    "47 orders wait [E1]. The runbook says “when it is full” [P1]. It was opened [T1].\n"
    "The disk is full. 99 orders wait [E1]. It said “never” [P1]. It burns [E77]."
)


@pytest.mark.attack("M9")
async def test_a_sentence_is_shown_as_a_fact_only_with_its_source(tmp_path: Path) -> None:
    """The others are shown apart; every citation that is shown has its source beside it."""
    async with ScriptedModel([prose(ANSWER)]) as model:
        thread = Thread(tmp_path, model)
        said = await thread.ask("what is wrong?")
    assert [one["text"] for one in said["said"]] == [
        "47 orders wait.",
        "The runbook says “when it is full”.",
        "It was opened.",
    ]
    assert len(said["doubted"]) == 4
    shown = {source["id"] for source in said["cited"]}
    assert shown == {name for one in said["said"] for name in one["citations"]}
    assert said["model"] == "scripted"


@pytest.mark.attack("M1")
@pytest.mark.parametrize("reply", [prose("All is well. Signed by N3."), prose(""), status(500)])
async def test_a_useless_model_leaves_the_answer_of_the_rows(tmp_path: Path, reply: Reply) -> None:
    """Talking nonsense or down: passages and events, and a line that says why."""
    async with ScriptedModel([reply]) as model:
        thread = Thread(tmp_path, model)
        said = await thread.ask("what is wrong?")
    assert (said["said"], said["doubted"], said["looking"]) == ([], [], False)
    assert said["note"]
    assert said["passages"][0]["id"] == RUNBOOK.id


async def test_what_is_there_is_told_before_the_model_is_asked(tmp_path: Path) -> None:
    """When the request arrives, the message with passages is wanted already; then it is edited in place."""
    seen: list[object] = []
    threads: list[Thread] = []

    def script(_request: object) -> Reply:
        seen.append(threads[0].said("message:1")["looking"])
        return prose("47 orders wait [E1].")

    async with ScriptedModel(script) as model:
        threads.append(Thread(tmp_path, model))
        said = await threads[0].ask("what is wrong?")
        await threads[0].conversing.answer("message:1")  # a repeat after it is done
    assert seen == [True]
    assert said["said"] and not said["looking"]


async def test_nobodys_passages_wait_for_somebody_elses_model(tmp_path: Path) -> None:
    """Forty questions while the model answers none: each has its passages before any has an answer."""
    shown = asyncio.Event()
    thread = Thread(tmp_path)

    class Hanging:
        async def write(self, task: Task) -> Written:
            await shown.wait()
            raise ModelUnavailable

    conversing = Conversing(thread.desk.store, thread.in_force, thread.search, Hanging())
    keys = [f"message:many:{number}" for number in range(40)]
    for key in keys:
        thread.desk.copilot.questions.ask(key, {"question": "why?", "user": "U1", "channel": CHANNEL})
    answers = [asyncio.create_task(conversing.answer(key)) for key in keys]

    def waiting() -> bool:
        return len(thread.desk.posts("answer:")) == len(keys)

    async with asyncio.timeout(60):
        while not await asyncio.to_thread(waiting):
            await asyncio.sleep(0.02)
    assert not any(task.done() for task in answers)
    shown.set()
    await asyncio.gather(*answers)


async def test_a_follow_up_knows_what_was_said_in_its_thread(tmp_path: Path) -> None:
    """Question and answer of before, the newest within the budget; nothing of another thread."""
    async with ScriptedModel([prose("47 orders wait [E1].")]) as model:
        thread = Thread(tmp_path, model, room=Room(earlier=200))
        await thread.ask("a question elsewhere", "200.2", incident=False)
        for number in range(8):
            await thread.ask(f"question number {number} {'word ' * 20}")
        sent = str(model.requests[-1]["messages"])
    assert "question number 6" in sent
    assert "47 orders wait." in sent
    assert "question number 1 " not in sent
    assert "elsewhere" not in sent


async def test_the_prompt_asks_for_the_askers_language(tmp_path: Path) -> None:
    """And the budget of sources holds, whatever was found."""
    async with ScriptedModel([prose("47 orders [E1].")]) as model:
        thread = Thread(tmp_path, model, room=Room(sources=300))
        thread.found = [
            Passage(f"d{n}#0", f"d{n}", "x", "runbook", (), "word " * 500, "", "1") for n in range(9)
        ]
        await thread.ask("pourquoi les commandes sont bloquées ?")
        system, case = (str(message["content"]) for message in model.requests[0]["messages"])
    assert "Write in French" in system
    assert len(case) // 4 < 600


@pytest.mark.attack("P20")
async def test_a_used_up_budget_answers_without_the_model(tmp_path: Path) -> None:
    """No request goes out, and the answer says why."""
    async with ScriptedModel([prose("x [E1]")]) as model:
        thread = Thread(tmp_path, model, limits=Limits(incident=Limit(tokens=10)))
        said = await thread.ask("what is wrong?")
        await thread.draft(DraftKind.CATCHUP)
    assert model.requests == []
    assert "budget" in said["note"]


@pytest.mark.attack("L1")
@pytest.mark.parametrize("service", ["orders", "pay"])
async def test_what_is_never_sent_is_not_sent_for_a_question_either(tmp_path: Path, service: str) -> None:
    """Neither an incident of that service, nor a document about it in another one."""
    async with ScriptedModel([prose("47 orders wait [E1].")]) as model:
        thread = Thread(tmp_path, model, never=(NeverSend(service),))
        thread.found = [RUNBOOK, SECRET]
        await thread.ask("what is wrong?")
        await thread.draft(DraftKind.UPDATE)
    assert "vault is blue" not in str(model.requests)
    assert (model.requests == []) is (service == "orders")


# -- drafts


async def test_a_draft_is_for_one_person_and_posted_once_as_it_was_edited(tmp_path: Path) -> None:
    """Nobody else opens or posts it; what is posted is what the person wrote, secrets taken out."""
    thread = Thread(tmp_path)
    draft = await thread.draft(DraftKind.UPDATE)
    with pytest.raises(Refused):
        thread.drafts.open(LATE, draft)
    with pytest.raises(Refused):
        thread.drafts.post(LATE, draft, "mine", str)
    assert not thread.desk.posts("drafted:")
    assert thread.drafts.open(ON_CALL, draft).text
    thread.drafts.post(
        ON_CALL, draft, " It is being mended. ", lambda text: text.replace("mended", "repaired")
    )
    assert thread.text(draft) == "It is being repaired."
    places = {(post.key, post.channel) for post in thread.desk.posts("drafted:")}
    assert places == {(f"drafted:{draft}", INCIDENTS), (f"drafted:{draft}:updates", "updates")}
    with pytest.raises(Refused):
        thread.drafts.post(ON_CALL, draft, "again", str)
    with thread.desk.store.read() as tx:
        events = [event.action for event in tx.audit.events(f"incident #{thread.incident.id}")]
    assert events.count("posted the update") == 1


async def test_the_same_press_drafts_once(tmp_path: Path) -> None:
    """Slack delivers a press again: one draft, one message."""
    thread = Thread(tmp_path)
    thread.drafts.ask("event:x", ON_CALL, thread.incident.id, DraftKind.CATCHUP)
    with pytest.raises(AlreadyDone):
        thread.drafts.ask("event:x", ON_CALL, thread.incident.id, DraftKind.CATCHUP)
    await thread.conversing.draft("event:x")
    await thread.conversing.draft("event:x")
    assert len(thread.desk.posts("draft:")) == 1
    with pytest.raises(Refused):
        thread.drafts.ask("event:y", ON_CALL, 999, DraftKind.CATCHUP)


LIES = """## summary
47 orders waited [E1]. Nobody noticed.
## timeline
- 03:00 the on-call person deleted the database [T1].
## Timeline
03:01 everything was signed [T99].
"""


@pytest.mark.attack("M9")
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_the_timeline_of_a_postmortem_is_what_was_recorded(tmp_path: Path, language: str) -> None:
    """Event by event, whatever the model writes; what stands on no record is marked where it stands."""
    async with ScriptedModel([prose(LIES)]) as model:
        thread = Thread(tmp_path, model)
        thread.desk.now += timedelta(minutes=3)
        thread.desk.copilot.incidents.take(ON_CALL, thread.incident.id)
        text = thread.text(await thread.draft(DraftKind.POSTMORTEM, language))
    heading = {"en": "## Timeline", "fr": "## Chronologie"}[language]
    recorded = text[text.rindex(heading) :].splitlines()[1:]
    assert len(recorded) == 3
    assert all("03:0" in line and f"[T{n}]" in line for n, line in enumerate(recorded, 1))
    mark = {"en": "[not backed by a record]", "fr": "[sans trace enregistrée]"}[language]
    unbacked = [
        line for line in text.splitlines() if "deleted" in line or "Nobody" in line or "signed" in line
    ]
    assert len(unbacked) == 3
    assert all(mark in line for line in unbacked)
    assert "- 47 orders waited. [E1]" in text


@pytest.mark.parametrize("kind", list(DraftKind))
async def test_a_draft_holds_no_document(tmp_path: Path, kind: DraftKind) -> None:
    """Who asks for one may not be among those who see the incident's documents."""
    async with ScriptedModel([prose("47 orders wait [E1].")]) as model:
        thread = Thread(tmp_path, model)
        text = thread.text(await thread.draft(kind))
    assert "vault" not in str(model.requests) + text
    assert "47 orders wait" in text
