"""One incident from its alert to its document, played by people and a sender who do not give up.

A supervisor starts `vigie serve` again whenever it ends. `Story.wrong` says what must be true at the end,
wherever it was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa

from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.records import AuditEvent, Summary
from bot.sign_off.audit import first_broken
from bot.store import tables
from tests.world import CHANNEL, N3_A, ON_CALL, World, world

SERVICE = "svc-0"
QUESTION = "have we seen this before?"
PATIENCE_S = 90.0
SIGNING, OVER = "# signing", "# over"  # what the story itself writes among the places
# Started and ended otherwise than by success; it may be proposed again.
_ENDS = tuple(f"execution {how}" for how in ("succeeded", "failed", "unknown", "interrupted"))
SETTLED = (ProposalState.SUCCEEDED, ProposalState.FAILED)
UNCERTAIN = (ProposalState.UNKNOWN, ProposalState.FAILED)


@dataclass
class Played:
    """How one story went."""

    place: str
    reached: bool = False
    starts: int = 0
    ended: str = ""
    problems: list[str] = field(default_factory=list)


async def play(folder: Path, place: str = "", store: str = "", watch: bool = False) -> Played:
    """Play the story once in `folder`, killed at `place` ("serve commit#3") if the story passes it.

    `store`: as in `world`. `watch`: every commit that writes, connection and process is a place, named or
    not.
    """
    await asyncio.to_thread(folder.mkdir, parents=True)
    log, killed = folder / "places", folder / "places.killed"
    faults = {"VIGIE_FAULT_LOG": str(log)} | ({"VIGIE_FAULT_AT": place} if place else {})
    faults |= {"VIGIE_FAULT_WATCH": "1"} if watch else {}
    played = Played(place)
    try:
        async with world(folder, start=False, environment=faults, store=store) as running:
            await _tell(Story(running), running, played)
    except TimeoutError:  # after the story: who hangs at its end is told, and the other places go on
        played.problems.append("silent: serve did not end within its time")
    played.reached = await asyncio.to_thread(killed.exists)
    return played


async def _tell(story: Story, running: World, played: Played) -> None:
    try:
        async with _supervised(running, played):
            await asyncio.wait_for(story.tell(), 6 * PATIENCE_S)
        played.problems = story.wrong()
    except (AssertionError, TimeoutError) as error:
        played.problems = [f"lost: {type(error).__name__}: {error}"]
    played.ended = story.ended


def passed(folder: Path) -> list[str]:
    """Every place that a story in `folder` passed, once each, in its order."""
    return [place for place in _lines(folder) if not place.startswith("#")]


def of_execution(folder: Path) -> list[str]:
    """Those between the press on Sign and the outcome of the verification, as people saw them."""
    lines = _lines(folder)
    within = lines[lines.index(SIGNING) : lines.index(OVER)]
    return [place for place in within if not place.startswith("#")]


def _lines(folder: Path) -> list[str]:
    return list(dict.fromkeys((folder / "places").read_text().split("\n")[:-1]))


def sample(places: list[str], count: int) -> list[str]:
    """`count` places spread over all names of both processes, and over the story within a name."""
    by_name: dict[str, list[str]] = {}
    for place in places:
        by_name.setdefault(place.partition("#")[0], []).append(place)
    chosen: list[str] = []
    for turn in range(count):
        for nth, alike in enumerate(by_name.values()):
            step = (turn * 7 + nth * 5) % len(alike)
            if alike[step] not in chosen:
                chosen.append(alike[step])
    return chosen[:count]


@contextlib.asynccontextmanager
async def _supervised(running: World, played: Played) -> AsyncIterator[None]:
    """What a supervisor does: start, and start again at once after every end that nobody asked for."""

    async def keep() -> None:
        while True:
            played.starts += 1
            await running.start(ready=False)
            assert running.serve is not None
            await running.serve.wait()

    running.supervised = True
    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


class Story:
    """The sender and the people. They look at what is there and do again what did not come about."""

    def __init__(self, running: World) -> None:
        self._world = running
        self.ended = ""

    async def tell(self) -> None:
        """Fire, ask, propose, sign, verify, resolve, confirm, learn."""
        running = self._world
        running.break_target(service=SERVICE)
        await self._deliver("firing")
        incident = await running.until("the incident", lambda: running.open_incident(SERVICE), PATIENCE_S)
        self._incident = incident.id
        card = await self._message(f"incident:{incident.id}")
        await self._message(f"incident:{incident.id}:diagnosis")
        await running.place.say(ON_CALL.id, CHANNEL, f"<@U0VIGIE> {QUESTION}", card["ts"])
        await self._remedy()
        await self._deliver("resolved")
        await self._message(f"incident:{incident.id}:summary")
        await self._do("the confirmed summary", self._confirm, lambda: self._summary().confirmed_at)
        await running.until("the document", lambda: self._summary().document_id or None, PATIENCE_S)
        await running.until("every message sent", self._all_sent, PATIENCE_S)

    def wrong(self) -> list[str]:
        """What is not as it must be at the end, each with its kind; empty when all is well."""
        running = self._world
        with running.store.read() as tx:
            events = list(tx.audit.events())
            incidents = tx.incidents.in_states(*IncidentState)
            proposals = tx.proposals.of_incident(self._incident)
        found = self._wrong_messages(proposals)
        if len(incidents) != 1 or incidents[0].state is not IncidentState.CLOSED:
            found.append(f"lost: incidents: {[(i.label, i.state.value) for i in incidents]}")
        broken = first_broken(events)
        if broken is not None:
            found.append(f"silent: the audit chain is broken: {broken}")
        learned = [event for event in events if event.action == "learned"]
        if len(learned) != 1:
            found.append(f"{'repeated' if learned else 'lost'}: learned {len(learned)} times")
        return found + self._wrong_runs(proposals, events) + self._wrong_documents()

    def _wrong_messages(self, proposals: list[Proposal]) -> list[str]:
        """Each message is there once; a call that came too late to be of use is none, and its row says so."""
        running = self._world
        counts = Counter(key for room in running.place._core.board.rooms for key in running.posted(room))
        found = [f"repeated: {key} was posted {n} times" for key, n in counts.items() if n != 1]
        posts = running.rows(sa.select(tables.posts))
        settled = {p.id for p in proposals if p.state is not ProposalState.PROPOSED}
        late = {p.key for p in posts if p.kind == "call" and p.sent == -1 and p.subject in settled}
        wanted = {p.key for p in posts}
        found += [f"lost: {key} was not posted" for key in wanted - set(counts) - late]
        if len([key for key in wanted if key.startswith("answer:")]) != 1:
            found.append("lost: the question was not answered once")
        return found

    def _wrong_runs(self, proposals: list[Proposal], events: list[AuditEvent]) -> list[str]:
        """At most one run for each execution that was claimed, a success is exactly one, and each is told."""
        ran = len(self._world.ledger(SERVICE))
        succeeded = sum(p.state is ProposalState.SUCCEEDED for p in proposals)
        claimed = succeeded + sum(p.state in UNCERTAIN for p in proposals)
        told = f"{ran} runs for {[(p.label, p.state.value) for p in proposals]}"
        found = [f"repeated: {told}"] if ran > claimed else [f"lost: {told}"] if ran < succeeded else []
        for proposal in proposals:
            said = [event.action for event in events if event.subject == proposal.label]
            starts = said.count("execution started")
            ends = sum(action.startswith(_ENDS) for action in said)
            if starts > 1 or starts != ends or not proposal.state.is_over:
                found.append(f"silent: {proposal.label} is {proposal.state.value}, and was told as {said}")
        return found

    def _wrong_documents(self) -> list[str]:
        base = self._world.documents()
        ids = [document.id for document in base.documents()]
        base.close()
        return [] if ids.count(f"learned/incident-{self._incident}") == 1 else [f"lost: documents: {ids}"]

    # -- what people do

    async def _deliver(self, status: str) -> None:
        """As a sender does: again until there is a 2xx."""
        alert = self._world.alert(SERVICE, status=status)
        async with asyncio.timeout(PATIENCE_S):
            while not await self._accepted(alert):
                await asyncio.sleep(0.2)

    async def _accepted(self, alert: dict[str, Any]) -> bool:
        port = self._world.folder / "data" / "web.port"
        if not port.exists() or not port.read_text():
            return False
        self._world.port = int(port.read_text())
        with contextlib.suppress(aiohttp.ClientError, OSError):
            body = {"version": "4", "status": alert["status"], "alerts": [alert]}
            return (await self._world.post(body))[0] == 200
        return False

    async def _remedy(self) -> None:
        """Propose and sign; where the end is uncertain and it may still help, once more."""
        for _ in range(3):
            count = len(self._proposals())
            await self._do("a proposal", self._propose, lambda count=count: len(self._proposals()) > count)  # type: ignore[misc]
            proposal = await self._world.until("its plan", self._prepared, PATIENCE_S)
            if not proposal.state.is_over:
                self._mark(SIGNING)
                await self._do("a signature", self._sign, lambda: self._newest().state.value != "proposed")
                proposal = await self._world.until("its end", self._ended, PATIENCE_S)
                self._mark(OVER)
            self.ended += f"{proposal.state.value}/{proposal.outcome or '-'} "
            if proposal.state is ProposalState.UNKNOWN:
                await self._do("a settlement", self._settle, lambda: self._newest().state in SETTLED)
                proposal = await self._world.until("what it means", self._ended, PATIENCE_S)
            if proposal.state not in UNCERTAIN or proposal.outcome is Outcome.FIXED:
                break
        if proposal.outcome is Outcome.FIXED:
            await self._world.until("monitoring", self._is_monitored, PATIENCE_S)
        else:
            # It took effect although nobody saw it end: the pre-condition says so.
            assert proposal.state is ProposalState.REJECTED, proposal
            assert "does not hold" in proposal.reason, proposal.reason

    def _mark(self, word: str) -> None:
        with (self._world.folder / "places").open("a", encoding="utf-8") as lines:
            lines.write(f"{word}\n")

    async def _do(self, what: str, act: Callable[[], Awaitable[bool]], done: Callable[[], object]) -> None:
        """Act until it is done; what was acknowledged is not repeated, but must come about."""
        over = asyncio.get_running_loop().time() + PATIENCE_S
        while not done():
            if self._world.place.connections and await act():
                await self._world.until(what, done, PATIENCE_S)
            elif asyncio.get_running_loop().time() > over:
                raise AssertionError(f"tried {PATIENCE_S:g} s for {what}:\n{self._world.logged()[-3000:]}")
            await asyncio.sleep(0.1)

    async def _propose(self) -> bool:
        diagnosis = await self._message(f"incident:{self._incident}:diagnosis")
        outcome = await self._world.place.click(ON_CALL.id, CHANNEL, diagnosis["ts"], "propose")
        return bool(outcome.ok)

    async def _sign(self) -> bool:
        message = await self._message(f"proposal:{self._newest().id}", "signature(s) needed")
        return await self._submit(N3_A.id, message["ts"], "sign_open")

    async def _confirm(self) -> bool:
        message = await self._message(f"incident:{self._incident}:summary")
        return await self._submit(ON_CALL.id, message["ts"], "edit_summary")

    async def _settle(self) -> bool:
        """N3 says what the target shows: whether it took effect."""
        message = await self._message(f"proposal:{self._newest().id}", "It is not known")
        button = "settle_open:yes" if self._world.ledger(SERVICE) else "settle_open:no"
        reason = {"reason": {"value": {"value": "the ledger of the target says so"}}}
        return await self._submit(N3_A.id, message["ts"], button, reason)

    async def _submit(self, user: str, ts: str, button: str, values: dict[str, Any] | None = None) -> bool:
        """Press the button and submit the modal; False when no modal came or nobody took it."""
        place = self._world.place
        for view in place.views_of(user):
            await place.close_view(user, view["id"])
        if not (await place.click(user, CHANNEL, ts, button)).ok:
            return False
        for _ in range(60):
            if opened := place.views_of(user):
                return bool((await place.submit(user, opened[-1]["id"], values or {})).ok)
            await asyncio.sleep(0.05)
        return False

    # -- what there is

    async def _message(self, key: str, words: str = "") -> dict[str, Any]:
        for _ in range(2):
            with contextlib.suppress(AssertionError):
                return await self._world.message(key, words)
        return await self._world.message(key, words)

    def _proposals(self) -> list[Proposal]:
        with self._world.store.read() as tx:
            return tx.proposals.of_incident(self._incident)

    def _newest(self) -> Proposal:
        return self._proposals()[-1]

    def _prepared(self) -> Proposal | None:
        newest = self._newest()
        return newest if newest.digest or newest.state.is_over else None

    def _ended(self) -> Proposal | None:
        newest = self._newest()
        verified = newest.outcome is not None or newest.state not in (ProposalState.SUCCEEDED, *UNCERTAIN)
        return newest if newest.state.is_over and verified else None

    def _is_monitored(self) -> bool:
        with self._world.store.read() as tx:
            incident = tx.incidents.get(self._incident)
        return incident is not None and incident.state is IncidentState.MONITORING

    def _summary(self) -> Summary:
        with self._world.store.read() as tx:
            kept = tx.summaries.get(self._incident)
        assert kept is not None
        return kept

    def _all_sent(self) -> bool:
        with self._world.store.read() as tx:
            answered = not tx.inbox.pending(InboxKind.ASK)
            waiting, _ = tx.posts.lag()
        asked = any(key.startswith("answer:") for key in self._world.posted())
        return answered and asked and waiting == 0
