"""What an investigation may read for its incident: the knowledge base, and the checks that are in force.

Each wish is judged again: the catalogue validates a check's arguments here, and the executor does so once
more. What is read becomes numbered evidence at once, and a line of the progress that people see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from bot import fault_hook
from bot.announcements import announce_investigation
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.investigation import PLAN, READ, SEARCH, Bounds, Given, Step, Wish
from bot.domain.ports import Executor
from bot.domain.records import CheckRun
from bot.domain.store import Store
from bot.domain.tool import CheckResult, Inventory, Tool, ToolKind, Verdict
from bot.errors import ExecutorUnavailable, Refused, VigieError
from bot.in_force import InForce
from bot.stages.linked import suggest
from bot.stages.numbering import MAX_TEXT, NO_VALUE, Numbering
from bot.stages.reducing import around
from bot.stages.words import inert
from knowledge.errors import KnowledgeError
from knowledge.model import Query, SearchResult

FOUND = 3
"""Passages that one search gives at most."""
GRACE_S = 5.0
"""Seconds beyond a check's own time limit."""
LOOK_EVERY_S = 0.5
KINDS = {"incidents": ("incident",), "runbooks": ("runbook",)}
log = structlog.get_logger()


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
        keys = [_key(wish) for wish in allowed]
        fresh = {key: wish for key, wish in zip(keys, allowed, strict=True) if key not in self._done}
        room = max(self._bounds.reads - len(self._done), 0)
        chosen = dict(list(fresh.items())[:room])
        lines = await asyncio.to_thread(self._begin, [_shown(wish) for wish in chosen.values()])
        tasks = [asyncio.create_task(self._carry_out(wish)) for wish in chosen.values()]
        try:
            if tasks:
                await asyncio.wait(tasks)
        finally:
            # Also when a person or the deadline ends it: what was read until then is kept.
            came = [task.result() if task.done() else _cut_off(task) for task in tasks]
            given = [self._numbered(wish, one) for wish, one in zip(chosen.values(), came, strict=True)]
            self._done |= dict(zip(chosen, given, strict=True))
            self._end([(line, _outcome(one)) for line, one in zip(lines, given, strict=True)])
        full = Given(
            said="Not read: this investigation has read as much as it may. Answer with what you have."
        )
        many = Given(
            said=f"Not read: at most {self._bounds.at_once} readings at once. Ask again if it matters."
        )
        return [self._done.get(key, full) for key in keys] + [many] * (len(wishes) - len(allowed))

    async def _carry_out(self, wish: Wish) -> CheckRun | SearchResult | Given:
        try:
            fault_hook.point("read")
            if wish.what == SEARCH:
                return await asyncio.to_thread(self._search, wish.arguments)
            if wish.what == READ:
                return self._again(wish.arguments)
            if wish.what == PLAN:
                return await asyncio.to_thread(self._plan, wish.arguments)
            return await self._check(wish)
        except KnowledgeError as error:
            return Given(said=f"The knowledge base could not be searched. {error}")
        except VigieError as error:
            return Given(said=f"Refused: {error}")
        except Exception as error:  # one reading that breaks must not end the others
            log.exception("a reading failed", what=wish.what)
            return Given(said=f"It could not be read: {type(error).__name__}.")

    def _search(self, arguments: Mapping[str, object]) -> SearchResult:
        words = inert(str(arguments.get("words", "")), MAX_TEXT)
        kinds = KINDS.get(str(arguments.get("among", "")), ())
        # Seen by the same people as everything else in the thread: a model is no way around that.
        return self._knowledge.search(replace(self._asked, text=words, kinds=kinds), FOUND)

    def _again(self, arguments: Mapping[str, object]) -> Given:
        piece = self._numbering.get(str(arguments.get("evidence", "")).upper())
        if piece is None:
            return Given(said="There is no evidence with this id.")
        wanted = inert(str(arguments.get("find", "")), 100)
        lines = around(self._numbering.whole(piece), wanted, self._bounds.characters)
        return Given((replace(piece, text=lines),))

    def _plan(self, arguments: Mapping[str, object]) -> Given:
        steps = arguments.get("steps")
        lines = [inert(str(step), 200) for step in steps[:6]] if isinstance(steps, list) else []
        with self._store.begin() as tx:
            tx.investigations.plan(self._incident.id, self._incident.rounds, lines)
            announce_investigation(tx, self._incident.id)
        return Given(said="Noted.")

    async def _check(self, wish: Wish) -> CheckRun:
        tool = next((tool for tool in self._checks if tool.name == wish.what), None)
        if tool is None:
            raise _refused(wish.what)
        run_id = await asyncio.to_thread(self._request, tool, wish.arguments)
        problem = ""
        try:
            async with asyncio.timeout(tool.timeout_s + GRACE_S):
                await self._executor.do("check", run_id)
        except TimeoutError:
            problem = f"it did not end within {tool.timeout_s + GRACE_S:g} s."
        except ExecutorUnavailable as error:
            problem = str(error)
        run = await asyncio.to_thread(self._run, run_id)
        if run.result is None and problem:
            gone = CheckResult(tool.name, Verdict.UNKNOWN, None, "", "", "", problem)
            return replace(run, result=gone)
        return run

    def _request(self, tool: Tool, given: Mapping[str, object]) -> int:
        arguments = dict(given)
        for argument in tool.arguments:
            value = suggest(argument, self._incident, self._inventory)
            if value is not None:
                arguments.setdefault(argument.name, value)
        with self._store.begin() as tx:
            _, checked = self._in_force.check(tx, self._incident, tool.name, arguments)
            return tx.checks.request(self._incident.id, self._incident.rounds, tool.name, checked)

    def _run(self, run_id: int) -> CheckRun:
        with self._store.read() as tx:
            run = tx.checks.get(run_id)
        assert run is not None
        return run

    def _numbered(self, wish: Wish, came: CheckRun | SearchResult | Given) -> Given:
        with self._store.read() as tx:
            now = tx.now
        if isinstance(came, Given):
            return came
        if isinstance(came, SearchResult):
            pieces = [self._numbering.passage(p, now) for p in (came.passages if came.fits else ())]
            return (
                Given(tuple({piece.id: piece for piece in pieces}.values()))
                if pieces
                else Given(said="Nothing fits.")
            )
        known = self._numbering.of_source(f"check:{came.id}")
        runner = next((tool.runner for tool in self._checks if tool.name == wish.what), "")
        return Given((known or self._numbering.check(came, now, runner),))

    def _begin(self, shown: Sequence[str]) -> list[int]:
        if not shown:
            return []
        with self._store.begin() as tx:
            known = tx.investigations.step(
                self._incident.id, self._incident.rounds, [Step(line) for line in shown]
            )
            announce_investigation(tx, self._incident.id)
        return known

    def _end(self, outcomes: Sequence[tuple[int, str]]) -> None:
        """The new evidence and the progress, in one commit: what is said to be found can be looked at."""
        if not outcomes:
            return
        with self._store.begin() as tx:
            for line, said in outcomes:
                tx.investigations.done(self._incident.id, self._incident.rounds, line, said)
            tx.diagnoses.put_evidence(self._incident.id, self._numbering.pieces)
            tx.investigations.keep(self._numbering.wholes)
            announce_investigation(tx, self._incident.id)

    def _who_stopped(self) -> str:
        with self._store.read() as tx:
            known = tx.investigations.get(self._incident.id)
        return known.stopped_by if known and known.round == self._incident.rounds else ""


def _cut_off(task: asyncio.Task[object]) -> Given:
    task.cancel()
    return Given(said="Not read: it was ended first.")


def _in_scope(tool: Tool, incident: Incident) -> bool:
    fits = incident.environment in tool.environments and incident.service in tool.services
    return tool.kind is ToolKind.CHECK and fits


def _refused(name: str) -> VigieError:
    return Refused(f"There is no check {inert(name, 60)!r} for this incident.")


def _key(wish: Wish) -> str:
    return repr((wish.what, sorted((name, repr(value)) for name, value in wish.arguments.items())))


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
