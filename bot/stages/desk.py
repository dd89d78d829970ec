"""What an investigation may read for its incident: the knowledge base, and the checks that are in force.

Each wish is judged again: the catalogue validates a check's arguments here, and the executor does so once
more. What is read becomes numbered evidence at once, and a line of the progress that people see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from bot import fault_hook
from bot.announcements import announce_investigation
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.investigation import PLAN, READ, SEARCH, Bounds, Given, Step, Wish
from bot.domain.ports import Executor
from bot.domain.records import CheckRun
from bot.domain.store import Store, Tx
from bot.domain.tool import Inventory, Tool, ToolKind
from bot.errors import ExecutorUnavailable, VigieError
from bot.in_force import InForce
from bot.stages import readings
from bot.stages.charting import want_charts
from bot.stages.linked import suggest
from bot.stages.numbering import NO_VALUE, Numbering
from bot.stages.words import inert
from knowledge.errors import KnowledgeError
from knowledge.model import Query, SearchResult

GRACE_S = 5.0
"""Seconds beyond a check's own time limit."""
LOOK_EVERY_S = 0.5
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """A check that was asked for: `run` is its row. `problem`: why the executor gave no result."""

    tool: Tool
    run: int
    problem: str = ""


class Library(Protocol):
    """What is needed of the knowledge base; it blocks."""

    def search(self, query: Query, k: int) -> SearchResult: ...


class Desk:
    """The `Desk` port over the real parts, for one round of one incident."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        executor: Executor,
        knowledge: Library,
        incident: Incident,
        numbering: Numbering,
        asked: Query,
        bounds: Bounds = Bounds(),  # noqa: B008  # frozen
    ) -> None:
        self._store = store
        self._in_force = in_force
        self._executor = executor
        self._knowledge = knowledge
        self._incident = incident
        self._numbering = numbering
        self._asked = asked
        self._bounds = bounds
        self._stopped_by = ""
        self._done: dict[str, Given] = {}
        self._kept = len(numbering.pieces)  # those are stored
        with store.read() as tx:
            known = in_force.tools(tx)
            self._inventory = in_force.inventory(tx)
        self._checks = tuple(tool for tool in known.values() if _in_scope(tool, incident))

    @property
    def bounds(self) -> Bounds:
        return self._bounds

    @property
    def checks(self) -> Sequence[Tool]:
        return self._checks

    @property
    def inventory(self) -> Inventory:
        return self._inventory

    @property
    def is_stopped(self) -> bool:
        return bool(self._stopped_by)

    @property
    def reads(self) -> int:
        """How many different things were read."""
        return len(self._done)

    def evidence(self) -> list[Evidence]:
        return list(self._numbering.pieces)

    def whole(self, piece: Evidence) -> str:
        return self._numbering.whole(piece)

    async def stopped(self) -> str:
        while not self._stopped_by:
            self._stopped_by = await asyncio.to_thread(self._who_stopped)
            if not self._stopped_by:
                await asyncio.sleep(LOOK_EVERY_S)
        return self._stopped_by

    async def read(self, wishes: Sequence[Wish]) -> list[Given]:
        allowed = list(wishes[: self._bounds.at_once])
        keys = [readings.key(wish) for wish in allowed]
        fresh = {key: wish for key, wish in zip(keys, allowed, strict=True) if key not in self._done}
        room = max(self._bounds.reads - len(self._done), 0)
        chosen = dict(list(fresh.items())[:room])
        if chosen:
            lines, asked = await asyncio.to_thread(self._begin, list(chosen.values()))
            pairs = zip(chosen.values(), asked, strict=True)
            tasks = [asyncio.create_task(self._carry_out(wish, what)) for wish, what in pairs]
            try:
                await asyncio.wait(tasks)
            finally:
                # Also when a person or the deadline ends it: what was read until then is kept.
                came = [task.result() if task.done() else _cut_off(task) for task in tasks]
                await _to_its_end(asyncio.to_thread(self._keep, list(chosen), lines, came))
        beyond = [readings.many(self._bounds.at_once)] * (len(wishes) - len(allowed))
        return [self._done.get(key, readings.FULL) for key in keys] + beyond

    async def _carry_out(self, wish: Wish, asked: Asked | Given) -> Asked | SearchResult | Given:
        try:
            fault_hook.point("read")
            if wish.what == SEARCH:
                query = readings.wished(self._asked, wish.arguments)
                return await asyncio.to_thread(self._knowledge.search, query, readings.FOUND)
            if wish.what == READ:
                return readings.again(self._numbering, wish.arguments, self._bounds.characters)
            if wish.what == PLAN:
                return await asyncio.to_thread(self._plan, wish.arguments)
            return await self._check(asked) if isinstance(asked, Asked) else asked
        except KnowledgeError as error:
            return Given(said=f"The knowledge base could not be searched. {error}")
        except Exception as error:  # one reading that breaks must not end the others
            log.exception("a reading failed", what=wish.what)
            return Given(said=f"It could not be read: {type(error).__name__}.")

    def _plan(self, arguments: Mapping[str, object]) -> Given:
        steps = arguments.get("steps")
        lines = [inert(str(step), 200) for step in steps[:6]] if isinstance(steps, list) else []
        with self._store.begin() as tx:
            tx.investigations.plan(self._incident.id, self._incident.rounds, lines)
            announce_investigation(tx, self._incident.id)
        return readings.NOTED

    async def _check(self, asked: Asked) -> Asked:
        """The same with what went wrong, if that is known."""
        try:
            async with asyncio.timeout(asked.tool.timeout_s + GRACE_S):
                await self._executor.do("check", asked.run)
        except TimeoutError:
            return replace(asked, problem=f"it did not end within {asked.tool.timeout_s + GRACE_S:g} s.")
        except ExecutorUnavailable as error:
            return replace(asked, problem=str(error))
        return asked

    def _keep(
        self, keys: Sequence[str], lines: Sequence[int], came: Sequence[Asked | SearchResult | Given]
    ) -> None:
        """What came of each wish becomes evidence, and an answer to whoever wishes the same again."""
        given = self._numbered(came)
        self._done |= dict(zip(keys, given, strict=True))
        self._end([(line, _outcome(one)) for line, one in zip(lines, given, strict=True)])

    def _numbered(self, came: Sequence[Asked | SearchResult | Given]) -> list[Given]:
        """All of one turn, in the order in which it was asked for, whichever came first."""
        with self._store.read() as tx:
            runs = {one.run: tx.checks.get(one.run) for one in came if isinstance(one, Asked)}
            now = tx.now
        return [self._given(one, runs, now) for one in came]

    def _given(
        self, came: Asked | SearchResult | Given, runs: Mapping[int, CheckRun | None], now: datetime
    ) -> Given:
        if isinstance(came, Given):
            return came
        if isinstance(came, SearchResult):
            return readings.found(self._numbering, came, now)
        run = runs[came.run]
        assert run is not None
        piece = self._numbering.of_source(f"check:{run.id}")
        return Given((piece or self._numbering.check(run, now, came.tool.runner, came.problem),))

    def _begin(self, wishes: Sequence[Wish]) -> tuple[list[int], list[Asked | Given]]:
        """The lines that people see, and the checks that are asked for, in one commit."""
        with self._store.begin() as tx:
            asked = [self._asked_for(tx, wish) for wish in wishes]
            shown = [Step(_shown(wish)) for wish in wishes]
            lines = tx.investigations.step(self._incident.id, self._incident.rounds, shown)
            announce_investigation(tx, self._incident.id)
        return lines, asked

    def _asked_for(self, tx: Tx, wish: Wish) -> Asked | Given:
        """The run of a check, if it is one and the catalogue lets it be."""
        if wish.what in (SEARCH, READ, PLAN):
            return Given()
        tool = next((tool for tool in self._checks if tool.name == wish.what), None)
        if tool is None:
            return readings.no_check(wish.what)
        arguments = dict(wish.arguments)
        for argument in tool.arguments:
            value = suggest(argument, self._incident, self._inventory)
            if value is not None:
                arguments.setdefault(argument.name, value)
        try:
            _, checked = self._in_force.check(tx, self._incident, tool.name, arguments)
        except VigieError as error:
            return Given(said=f"Refused: {error}")
        return Asked(tool, tx.checks.request(self._incident.id, self._incident.rounds, tool.name, checked))

    def _end(self, outcomes: Sequence[tuple[int, str]]) -> None:
        """The new evidence and the progress, in one commit: what is said to be found can be looked at."""
        with self._store.begin() as tx:
            tx.investigations.done(self._incident.id, self._incident.rounds, dict(outcomes))
            new, wholes = self._numbering.pieces[self._kept :], self._numbering.wholes
            tx.diagnoses.add_evidence(self._incident.id, new)
            tx.investigations.keep({p.digest: wholes[p.digest] for p in new if p.digest in wholes})
            announce_investigation(tx, self._incident.id)
            want_charts(tx, self._incident, new)
        self._kept += len(new)

    def _who_stopped(self) -> str:
        with self._store.read() as tx:
            known = tx.investigations.get(self._incident.id)
        return known.stopped_by if known and known.round == self._incident.rounds else ""


async def _to_its_end(work: Awaitable[None]) -> None:
    """Wait for it, whatever is cancelled meanwhile; that is passed on once it is done."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _cut_off(task: asyncio.Task[object]) -> Given:
    task.cancel()
    return Given(said="Not read: it was ended first.")


def _in_scope(tool: Tool, incident: Incident) -> bool:
    fits = incident.environment in tool.environments and incident.service in tool.services
    return tool.kind is ToolKind.CHECK and fits


def _shown(wish: Wish) -> str:
    if wish.what == SEARCH:
        return f"Searching for “{inert(str(wish.arguments.get('words', '')), 80)}”"
    if wish.what == READ:
        return f"Reading more of {inert(str(wish.arguments.get('evidence', '')), 12)}"
    if wish.what == PLAN:
        return "Planning"
    given = ", ".join(f"{name} {inert(str(value), 40)}" for name, value in wish.arguments.items())
    return f"Checking {inert(wish.what, 60)}" + (f" ({inert(given, 100)})" if given else "")


def _outcome(given: Given) -> str:
    if not given.pieces:
        return inert(given.said, 160) or "nothing"
    first = given.pieces[0]
    names = ", ".join(piece.id for piece in given.pieces)
    lines = first.text.splitlines()
    if len(lines) > 1 and first.facts.get("problem") == NO_VALUE:
        del lines[0]  # it is read for its text alone
    told = lines[0] if lines and first.id == names and first.facts.get("tool") else ""
    return f"{names}: {inert(told, 80)}" if told else names
