"""Answers questions and drafts texts: read, ask the model where there is one, judge what it wrote, commit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from bot import fault_hook
from bot.announcements import INCIDENTS, announce_draft, answer_key, incident_key
from bot.domain.conversation import Source, Task, Turn, Written
from bot.domain.drafts import DraftKind, NewDraft
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.ports import Author
from bot.domain.records import Received
from bot.domain.spending import Purpose
from bot.domain.store import Store, Tx
from bot.domain.tool import Tool
from bot.errors import ModelNotAsked, ModelUnavailable
from bot.in_force import InForce
from bot.stages import answer, resting, telling
from bot.stages.answered import Asked, Words, content_of
from bot.stages.backing import judge
from bot.stages.decided import decided
from bot.stages.fitting_checks import Wanted, fitting_checks
from bot.stages.fresh import Freshly
from bot.stages.language import asks_what_happened, language_of, since_of
from bot.stages.phrases import phrases
from bot.stages.words import inert
from knowledge.model import Query, SearchResult

TURNS = 6
LISTED = 20
READING_AT_ONCE, ASKING_AT_ONCE = 8, 16
_NAMED = re.compile(r"(?<!\w)#([0-9]{1,9})\b")

Search = Callable[[Query], Awaitable[SearchResult]]


class Conversing:
    """The verbs `answer` and `draft`. Without an author both come from rows, passages and checks alone.

    `freshly` reads checks for a question; None: it rests on what is recorded.
    """

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        search: Search,
        author: Author | None,
        freshly: Freshly | None = None,
    ) -> None:
        self._freshly = freshly
        self._store = store
        self._in_force = in_force
        self._search = search
        self._author = author
        self._reading = asyncio.Semaphore(READING_AT_ONCE)
        self._asking = asyncio.Semaphore(ASKING_AT_ONCE)

    async def answer(self, subject: str) -> None:
        """Answer a question where it was asked: at once with what is there, then with what checks read now,
        then in words.
        """
        waiting = await asyncio.to_thread(self._question, subject)
        if waiting is None:
            return
        received, query = waiting
        async with self._reading:
            found = await self._search(query)
            asked = await asyncio.to_thread(self._read, received, found)
            first = Words() if self._author is None else None
            is_over = self._author is None and not asked.wanted
            await asyncio.to_thread(self._say, asked, found, first, is_over)
        if self._freshly is not None and asked.incident is not None and asked.wanted:
            read = await self._freshly.read(asked.incident, asked.wanted, draw=asked.draw)
            asked = replace(asked, wanted=(), fresh=read, sources=resting.of_fresh(read, asked.sources))
            await asyncio.to_thread(self._say, asked, found, first, self._author is None)
        if self._author is None:
            return
        task = Task(
            "answer",
            Purpose("answer", "", asked.incident.id if asked.incident else None, asked.channel),
            asked.language,
            asked.question,
            asked.sources,
            asked.earlier,
        )
        words = await self._words(task)
        await asyncio.to_thread(self._say, asked, found, words, True)

    async def draft(self, subject: str) -> None:
        """Draft a text for the person who asked for it; nobody else sees it before they post it."""
        waiting = await asyncio.to_thread(self._story, subject)
        if waiting is None:
            return
        received, story, sources = waiting
        kind = DraftKind(str(received.payload["kind"]))
        words = Words()
        if self._author is not None:
            purpose = Purpose(kind.value, "", story.incident.id, INCIDENTS)
            words = await self._words(Task(kind.value, purpose, story.language, kind.value, sources))
        new = _drafted(kind, story, words, sources, Person.from_key(str(received.payload["person"])))
        await asyncio.to_thread(self._keep, received, new)

    async def _words(self, task: Task) -> Words:
        """What the model wrote, judged; or why it is not used."""
        assert self._author is not None
        say = phrases(task.language)
        fault_hook.point("converse")
        try:
            async with self._asking:
                written = await self._author.write(task)
        except ModelNotAsked as error:
            return Words(why_not=say("not asked", why=inert(error.detail, 200)))
        except ModelUnavailable as error:
            detail = inert(error.detail, 200).rstrip(".")
            return Words(why_not=say("no answer", why=f" ({detail})" if detail else ""))
        sentences = judge(written, task.sources, task.language)
        if all(one.doubt for one in sentences):
            return Words(why_not=say("nothing stands"))
        return Words(sentences, written.model, written.prompt, "", written.text, written.sent)

    def _question(self, subject: str) -> tuple[Received, Query] | None:
        """What is still to be answered, and what the knowledge base is asked for it."""
        with self._store.read() as tx:
            received = tx.inbox.get(subject)
            if received is None or received.done_at is not None:
                return None
            return received, answer.query_of(tx, received)

    def _story(self, subject: str) -> tuple[Received, telling.Story, list[Source]] | None:
        """What is still to be drafted, and all that it is made of."""
        with self._store.read() as tx:
            received = tx.inbox.get(subject)
            if received is None or received.done_at is not None:
                return None
            incident = tx.incidents.get(int(str(received.payload["incident_id"])))
            assert incident is not None, "a draft is asked for of an incident that is there"
            language = str(received.payload["language"])
            story = telling.story_of(tx, incident, language)
            return received, story, resting.of_incident(tx, incident, language, with_passages=False)

    def _read(self, received: Received, found: SearchResult) -> Asked:
        payload = received.payload
        question, channel = str(payload["question"]), str(payload["channel"])
        language = language_of(question)
        passages = found.passages if found.fits else ()
        with self._store.read() as tx:
            role = tx.exchanges.role_of(channel)
            incident = _incident_of(tx, received)
            earlier = _earlier(tx, received)
            if incident is None:
                sources = resting.of_passages(passages)
                return Asked(received, None, language, role, sources, earlier)
            tools = self._in_force.tools(tx)
            card = tx.posts.get(incident_key(incident.id))
            at_home = card is not None and card.channel_id == channel
            known = resting.of_incident(tx, incident, language, with_passages=at_home)
            moment = since_of(question, tx.now)
            quiet = decided(tx, incident, question, language)
            # What was decided is read from rows; production says nothing of it, and no action changes it.
            actions = [] if quiet else resting.fitting_actions(incident, tools, question)
            may_read = not quiet and _may_read(received, at_home)
            wanted = self._wanted(tx, incident, question, tools, actions) if may_read else []
        if moment is None and asks_what_happened(question):
            moment = incident.opened_at
        listed = resting.since(known, moment)[-LISTED:] if moment else []
        rest = [source for source in known if source not in listed]
        sources = [
            *quiet,
            *listed,
            *resting.of_actions(actions),
            *resting.of_passages(passages, known),
            *rest,
        ]
        since = f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""
        return Asked(
            received,
            incident,
            language,
            role,
            sources,
            earlier,
            actions,
            listed,
            since,
            wanted,
            at_home,
            quiet,
        )

    def _wanted(
        self,
        tx: Tx,
        incident: Incident,
        question: str,
        tools: Mapping[str, Tool],
        actions: Sequence[Tool],
    ) -> Sequence[Wanted]:
        """The checks to be read for a question."""
        if self._freshly is None:
            return ()
        most = self._freshly.bounds.checks
        inventory, seen = self._in_force.inventory(tx), tx.diagnoses.evidence(incident.id)
        alerts = tx.alerts.of_incident(incident.id)
        labels = frozenset(value for alert in alerts for value in alert.labels.values())
        return fitting_checks(question, tx.now, incident, tools, inventory, seen, actions, most, labels)

    def _say(self, asked: Asked, found: SearchResult, words: Words | None, over: bool) -> None:
        with self._store.begin() as tx:
            content = content_of(asked, words)
            answer.post(tx, asked.received, found, content)
            if over:
                parts = ("said", "listed", "decided", "actions", "fresh")
                if not (found.fits or any(content[part] for part in parts)):
                    answer.miss(tx, asked.received)
                tx.inbox.done(asked.received.key)

    def _keep(self, received: Received, new: NewDraft) -> None:
        with self._store.begin() as tx:
            asked = tx.inbox.get(received.key)
            if asked is None or asked.done_at is not None:
                return
            announce_draft(tx, tx.drafts.add(new))
            tx.inbox.done(received.key)


def _drafted(
    kind: DraftKind, story: telling.Story, words: Words, sources: Sequence[Source], person: Person
) -> NewDraft:
    new = NewDraft(
        kind, story.incident.id, person, story.language, telling.draft(kind, story), note=words.why_not
    )
    if not words.text:
        return new
    parts = telling.split(words.text) if kind is DraftKind.POSTMORTEM else {"": words.text}
    sections = {
        name: judge(Written(text, words.sent, words.model, words.prompt), sources, story.language)
        for name, text in parts.items()
    }
    # What stands under no heading of ours is still said, first.
    if kind is DraftKind.POSTMORTEM and "" in sections:
        sections["summary"] = [*sections.pop(""), *sections.get("summary", [])]
    doubted = sum(bool(one.doubt) for said in sections.values() for one in said)
    note = story.say("doubted", count=doubted) if doubted else ""
    text = telling.with_model(kind, story, sections)
    return replace(new, text=text, model=words.model, prompt=words.prompt, note=note)


def _incident_of(tx: Tx, received: Received) -> Incident | None:
    """The incident in whose thread it was asked, else the one that the question names as #12."""
    number = received.payload.get("incident_id")
    if not isinstance(number, int):
        named = _NAMED.search(str(received.payload["question"]))
        number = int(named[1]) if named else None
    return tx.incidents.get(number) if number is not None else None


def _may_read(received: Received, at_home: bool) -> bool:
    """Whether what production says now belongs where it was asked: in the incident's own channel, in a direct
    message, and where everybody of the workspace reads; not in a room of which that is not known.
    """
    payload = received.payload
    return at_home or str(payload["channel"]).startswith("D") or payload.get("access") == []


def _earlier(tx: Tx, received: Received) -> list[Turn]:
    """What was asked and answered before in the same thread, oldest first."""
    thread = received.payload.get("thread_ts")
    if not thread:
        return []
    own = answer_key(received.key)
    posts = tx.posts.in_thread(str(received.payload["channel"]), f"ts:{thread}", "answer", TURNS + 1)
    return [_turn(post.content or {}) for post in posts if post.key != own][-TURNS:]


def _turn(content: Mapping[str, object]) -> Turn:
    """What was said in words; where nothing was, what was read."""
    said = [str(one["text"]) for one in _rows(content.get("said"))]
    read = [f"{one['title']}: {one['told']}." for one in _rows(content.get("fresh"))]
    return Turn(str(content.get("question", "")), " ".join(said or read))


def _rows(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
