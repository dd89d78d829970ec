"""A storm of deliveries: what people do reaches Vigie four times each, in any order, over a bad line.

Acks are lost, connections end politely and suddenly, answers of posts are lost, and posting is told to wait.
Then it is counted what came of it: each effect has to be there once.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.domain.inbox import InboxKind
from bot.domain.incident import Incident
from bot.domain.proposal import Proposal
from bot.playground.workspace import Channel
from bot.playground.workspace.envelopes import Kind, event_callback
from bot.store import tables
from tests.attacks.over_http import click, command, submission
from tests.world import BOT, CHANNEL, N3_A, ON_CALL, PEOPLE, World

ROOMS = tuple(f"C0ROOM{number}" for number in range(8))
TIMES = 4
AT_ONCE = 24
_PEOPLE = {person.id for person in PEOPLE}


def channels() -> tuple[Channel, ...]:
    """The incidents' channel, and rooms in which questions are asked."""
    members = tuple(person.id for person in (*PEOPLE, BOT))
    rooms = (Channel(id_, f"room-{id_[-1]}", members=members) for id_ in ROOMS)
    return (*rooms, Channel(CHANNEL, "incidents", members=members))


@dataclass(frozen=True)
class Size:
    """How much of everything. A mention is two events, for Slack tells it as two."""

    incidents: int
    mentions: int
    asks: int
    freezes: int

    @property
    def events(self) -> int:
        """Takes, proposals, signatures and resolutions are one for each incident."""
        return 4 * self.incidents + 2 * self.mentions + self.asks + self.freezes


SMALL, FULL = Size(3, 6, 6, 4), Size(40, 260, 200, 120)


@dataclass
class Event:
    """One thing that somebody did, and how it went with delivering it."""

    kind: Kind
    payload: dict[str, Any]
    delivered: int = 0
    acked: int = 0


@dataclass
class Storm:
    """Delivers events by turns in any order, and makes the line bad meanwhile."""

    vigie: World
    size: Size
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    done: Counter[str] = field(default_factory=Counter)
    questions: int = 0

    # -- what people do

    async def mentions(self, count: int) -> list[Event]:
        """Questions in the rooms, each as the two events that Slack makes of it."""
        core, made = self.vigie.place._core, []
        usual = core.board.announce

        def collect(event: dict[str, Any]) -> None:
            if event.get("user") in _PEOPLE and event["type"] in ("message", "app_mention"):
                made.append(Event("events_api", event_callback(core.team, event)))
            else:
                usual(event)

        core.board.announce = collect
        try:
            for _ in range(count):
                await self.vigie.place.say(ON_CALL.id, self._room(), f"<@{BOT.id}> {self._question()}")
        finally:
            core.board.announce = usual
        return made

    def asks(self, count: int) -> list[Event]:
        """The same by command."""
        texts = [f"ask {self._question()}" for _ in range(count)]
        payloads = [command(self.vigie, ON_CALL, text) | {"channel_id": self._room()} for text in texts]
        return [Event("slash_commands", payload) for payload in payloads]

    def freezes(self, count: int) -> list[Event]:
        """Each of them is a freeze of its own."""
        return [Event("slash_commands", command(self.vigie, ON_CALL, f"freeze {n}")) for n in range(count)]

    async def clicks(self, incidents: Sequence[Incident], action: str, suffix: str = "") -> list[Event]:
        """A click on each incident's card, or on another message of it."""
        cards = [await self.vigie.message(f"incident:{incident.id}{suffix}") for incident in incidents]
        return [Event("interactive", click(self.vigie, ON_CALL, card, action)) for card in cards]

    async def signatures(self, proposals: Sequence[Proposal]) -> list[Event]:
        """The modal of each, opened, and what its submission says."""
        await self.calm()
        views = [await self.vigie.open_sign(N3_A, proposal) for proposal in proposals]
        return [Event("interactive", submission(self.vigie, N3_A, view)) for view in views if view]

    async def calm(self) -> None:
        """The line is good from here on, and Vigie is connected."""
        self.vigie.place.faults.clear()
        await self.vigie.until("a connection", lambda: self.vigie.place.connections, 60)
        while not (await self.vigie.place.command(ON_CALL.id, CHANNEL, "/vigie help")).ok:
            await asyncio.sleep(0.2)  # the connection may be one that is about to be found broken

    def _question(self) -> str:
        self.questions += 1
        return f"why is the value too high? (question {self.questions})"

    def _room(self) -> str:
        return self.chance.choice(ROOMS)

    # -- delivering

    async def deliver(self, events: Sequence[Event]) -> None:
        """Each four times, shuffled, several at once; what was never acked comes again, as Slack does it."""
        turns = [event for event in events for _ in range(TIMES)]
        self.chance.shuffle(turns)
        bad_line = self._bad_line(len(turns))
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(event: Event) -> None:
            async with slots:
                await next(bad_line)()
                await self._deliver_once(event)

        await asyncio.gather(*map(one, turns))
        for event in events:
            while not event.acked:
                self.done["delivered again for want of an ack"] += 1
                await self._deliver_once(event)
        self.done["events"] += len(events)
        self.done["deliveries"] += sum(event.delivered for event in events)

    async def _deliver_once(self, event: Event) -> None:
        link = self.vigie.place._core.link
        while True:
            ack = await link.ask(event.kind, event.payload)
            if ack.outcome != "no_connection":
                break
            await asyncio.sleep(0.1)
            self.done["tenths of a second without a connection"] += 1
        event.delivered += 1
        event.acked += ack.outcome == "acked"
        self.done["without an ack"] += ack.outcome == "timeout"

    def _bad_line(self, turns: int) -> Iterator[Callable[[], Any]]:
        """What happens before each delivery: mostly nothing."""
        faults = self.vigie.place.faults

        async def nothing() -> None: ...

        async def lose_acks() -> None:
            faults.drop_acks(3)
            self.done["acks lost"] += 3

        async def wait_your_turn() -> None:
            faults.rate_limit("chat.postMessage", 2, retry_after=1)
            self.done["posts told to wait (429)"] += 2

        async def lose_answer() -> None:
            faults.drop_answer("chat.postMessage")
            self.done["answers of posts lost"] += 1

        async def leave() -> None:
            await faults.disconnect()
            self.done["disconnects"] += 1

        async def break_off() -> None:
            await self.vigie.place._core.link.disconnect(None)
            self.done["sudden disconnects"] += 1

        troubles = [lose_acks, wait_your_turn, leave, lose_acks, lose_answer, break_off]
        every = max(8, min(60, turns // len(troubles)))
        for turn in range(turns):
            yield troubles[(turn // every) % len(troubles)] if turn % every == every // 2 else nothing


async def storm(vigie: World, size: Size) -> dict[str, Any]:
    """Three waves of events; the figures, with what went wrong as a list of words."""
    run = Storm(vigie, size)
    incidents = await _incidents(vigie, size.incidents)
    later = size.mentions // 4
    first = [*await run.mentions(size.mentions - later), *run.asks(size.asks)]
    first += await run.clicks(incidents, "take")
    first += await run.clicks(incidents, "propose", ":diagnosis")
    await run.deliver(first)
    proposals = [await _prepared(vigie, incident) for incident in incidents]
    signatures = await run.signatures(proposals)
    await run.deliver([*signatures, *await run.mentions(later)])
    for proposal in proposals:
        await vigie.over(proposal)
    await run.deliver([*await run.clicks(incidents, "resolve"), *run.freezes(size.freezes)])
    await run.calm()
    await vigie.until("all that is wanted is told", lambda: _is_quiet(vigie, run.questions), 600)
    await vigie.settle()
    return figures(run, incidents)


async def _incidents(vigie: World, count: int) -> list[Incident]:
    services = [vigie.break_target() for _ in range(count)]
    return [await vigie.incident(service) for service in services]


async def _prepared(vigie: World, incident: Incident) -> Proposal:
    await vigie.until("a proposal", lambda: bool(vigie.proposals(incident)), 60)
    proposal = vigie.proposals(incident)[0]
    await vigie.until("its plan", lambda: bool(vigie.proposal(proposal.id).digest), 60)
    await vigie.message(f"proposal:{proposal.id}", "needed before")
    return vigie.proposal(proposal.id)


def _is_quiet(vigie: World, questions: int) -> bool:
    with vigie.store.read() as tx:
        return (
            not tx.posts.lag()[0]
            and not tx.inbox.pending(InboxKind.ASK)
            and len(_answers(vigie)) >= questions
        )


def _answers(vigie: World) -> list[str]:
    return [key for room in ROOMS for key in vigie.posted(room) if key.startswith("answer:")]


def figures(run: Storm, incidents: Sequence[Incident]) -> dict[str, Any]:
    """What came of it, counted in Slack, in the rows, in the audit log and in the targets' own ledgers."""
    vigie = run.vigie
    posted = Counter(key for room in vigie.place._core.board.rooms for key in vigie.posted(room))
    wanted = {
        row.key for row in vigie.rows(sa.select(tables.posts.c.key).where(tables.posts.c.kind != "home"))
    }
    audited = {words: len(vigie.audited(words)) for words in ("took", "resolved", "frozen", "signed")}
    proposals = [vigie.proposals(incident) for incident in incidents]
    runs = [len(vigie.ledger(incident.service)) for incident in incidents]
    signs = vigie.rows(sa.select(sa.func.count()).select_from(tables.sign_offs))[0][0]
    counts = {
        "questions": run.questions,
        "answers": len(_answers(vigie)),
        "incidents": len(incidents),
        "taken": audited["took"],
        "proposals": sum(map(len, proposals)),
        "signatures": signs,
        "executions": sum(runs),
        "resolved": audited["resolved"],
        "freezes": audited["frozen"],
        "messages": sum(posted.values()),
        "messages_doubled": sum(count - 1 for count in posted.values()),
        "messages_lost": len(wanted - posted.keys()),
    }
    return {**counts, "line": dict(run.done), "wrong": list(_wrong(run, counts, posted, wanted))}


def _wrong(run: Storm, counts: dict[str, int], posted: Counter[str], wanted: set[str]) -> Iterator[str]:
    size = run.size
    expected = dict.fromkeys(("taken", "proposals", "signatures", "executions", "resolved"), size.incidents)
    expected |= {"answers": run.questions, "freezes": size.freezes}
    for name, number in expected.items():
        if counts[name] != number:
            yield f"{name}: {counts[name]} in place of {number}"
    for key, count in posted.items():
        if count > 1:
            yield f"{key} stands {count} times"
    for key in sorted(wanted - posted.keys()):
        yield f"{key} is not there"
    if run.done["events"] != size.events:
        yield f"events: {run.done['events']} in place of {size.events}"
