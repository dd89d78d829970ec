"""Reads checks for a question, now: through the same gate and executor as an investigation, and kept like its
evidence, under numbers of their own (R1, R2, ...) that no later round takes away.

Who asks the same a moment later gets the reading that is there, with its age: production is read once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot import fault_hook
from bot.announcements import announce_evidence
from bot.domain.conversation import Freshness
from bot.domain.evidence import READ_FOR_A_QUESTION, Evidence
from bot.domain.incident import Incident
from bot.domain.ports import Executor
from bot.domain.records import CheckRun
from bot.domain.store import Store, Tx
from bot.domain.tool import Tool, ToolKind
from bot.errors import ArgumentRefused, ExecutorUnavailable, VigieError
from bot.in_force import InForce
from bot.stages.charting import MOST_WITH_QUESTIONS, to_draw, want_charts
from bot.stages.fitting_checks import Wanted
from bot.stages.numbering import NO_VALUE, Numbering

AT_ONCE = 6
GRACE_S = 5.0
"""Seconds beyond a check's own time limit."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fresh:
    """What one check gave for a question. `piece` is its evidence, None where it was refused.

    `problem` says why it could not be read; `age_s` is 0 where it was read for this very question. `before`
    is what the same check read last before it.
    """

    wanted: Wanted
    piece: Evidence | None
    age_s: int = 0
    problem: str = ""
    before: Evidence | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """`run` is the row of a check that was asked for; None where `problem` says why it was not.

    `is_known`: not for this question. `is_over`: nothing is left to be run.
    """

    wanted: Wanted
    run: int | None
    problem: str = ""
    is_known: bool = False
    is_over: bool = False

    @property
    def tool(self) -> Tool:
        return self.wanted.tool


class Freshly:
    """Reads what fits a question, within its bounds."""

    def __init__(self, store: Store, in_force: InForce, executor: Executor, bounds: Freshness) -> None:
        self._store = store
        self._in_force = in_force
        self._executor = executor
        self.bounds = bounds
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def read(self, incident: Incident, wanted: Sequence[Wanted], *, draw: bool) -> list[Fresh]:
        """What came of each, in order; whatever goes wrong with one, the others are read.

        `draw`: the incident's thread gets a chart, where one of them has points.
        """
        asked = await asyncio.to_thread(self._begin, incident, wanted[: self.bounds.checks])
        tasks = [asyncio.create_task(self._carry_out(one)) for one in asked]
        if tasks:
            await asyncio.wait(tasks, timeout=self.bounds.within_s)
        ended = [
            task.result() if task.done() else self._late(one, task)
            for one, task in zip(asked, tasks, strict=True)
        ]
        return await asyncio.to_thread(self._keep, incident, ended, draw)

    def _begin(self, incident: Incident, wanted: Sequence[Wanted]) -> list[_Asked]:
        """The rows of the checks, in one commit with the look whether they were just read."""
        with self._store.begin() as tx:
            return [self._asked_for(tx, incident, one) for one in wanted]

    def _asked_for(self, tx: Tx, incident: Incident, wanted: Wanted) -> _Asked:
        try:
            tool, arguments = self._in_force.check(tx, incident, wanted.tool.name, wanted.arguments)
            if tool.kind is not ToolKind.CHECK:
                raise ArgumentRefused(f"{tool.name} is an action, which runs only once it is signed.")
        except VigieError as error:
            return _Asked(wanted, None, str(error), is_over=True)
        known = tx.checks.newest(incident.id, tool.name, arguments)
        if known is not None and self._still_stands(known, tool, tx.now):
            return _Asked(wanted, known.id, is_known=True, is_over=known.result is not None)
        return _Asked(wanted, tx.checks.request_anew(incident.id, tool.name, arguments))

    def _still_stands(self, run: CheckRun, tool: Tool, now: datetime) -> bool:
        """Whether it was asked for just now, or may still be under way."""
        seconds = self.bounds.again_after_s
        if run.result is None:
            seconds = max(seconds, tool.timeout_s + GRACE_S)
        return run.asked_at is not None and now - run.asked_at < timedelta(seconds=seconds)

    async def _carry_out(self, asked: _Asked) -> _Asked:
        """The same with what went wrong, if that is known."""
        if asked.run is None or asked.is_over:
            return asked
        try:
            fault_hook.point("fresh")
            async with self._slots, asyncio.timeout(asked.tool.timeout_s + GRACE_S):
                await self._executor.do("check", asked.run)
        except TimeoutError:
            return replace(asked, problem=f"it did not end within {asked.tool.timeout_s + GRACE_S:g} s.")
        except ExecutorUnavailable as error:
            return replace(asked, problem=str(error))
        except Exception as error:  # one reading that breaks must not end the others
            log.exception("a reading failed", tool=asked.tool.name)
            return replace(asked, problem=f"{type(error).__name__}: see the log of Vigie.")
        return asked

    def _late(self, asked: _Asked, task: asyncio.Task[_Asked]) -> _Asked:
        """The executor goes on; who asks next may find what it gave."""
        task.cancel()
        return replace(asked, problem=f"it did not end within {self.bounds.within_s:g} s.")

    def _keep(self, incident: Incident, asked: Sequence[_Asked], draw: bool) -> list[Fresh]:
        """The new evidence in one commit: what is said to be read can be looked at."""
        with self._store.begin() as tx:
            kept = tx.diagnoses.evidence(incident.id)
            numbers = [int(piece.id[1:]) for piece in kept if piece.is_of_a_question]
            numbering = Numbering(READ_FOR_A_QUESTION, max(numbers, default=0))
            read = [self._read(tx, one, kept, numbering) for one in asked]
            new = numbering.pieces
            tx.diagnoses.add_evidence(incident.id, new)
            tx.investigations.keep(numbering.wholes)
            if new and len(kept) > len(numbers):
                # Before a round has told its evidence, there is no message to add to.
                announce_evidence(tx, incident)
            if draw:
                want_charts(tx, incident, to_draw(new)[:1], MOST_WITH_QUESTIONS)
        return read

    def _read(self, tx: Tx, asked: _Asked, kept: Sequence[Evidence], numbering: Numbering) -> Fresh:
        if asked.run is None:
            return Fresh(asked.wanted, None, problem=asked.problem)
        run = tx.checks.get(asked.run)
        assert run is not None, "a check that was asked for has its row"
        source = f"check:{run.id}"
        # What was kept while it still ran says that it was not read; by now it may be.
        there = (piece for piece in kept if piece.source == source and piece.at == run.ended_at)
        piece = next(there, None) or numbering.check(run, tx.now, asked.tool.runner, asked.problem)
        age = tx.now - run.ended_at if asked.is_known and run.ended_at else timedelta(0)
        problem = str(piece.facts.get("problem") or "")
        return Fresh(
            asked.wanted,
            piece,
            int(age.total_seconds()),
            "" if problem == NO_VALUE else problem,
            _before(kept, piece, run.arguments),
        )


def _before(kept: Sequence[Evidence], piece: Evidence, arguments: Mapping[str, object]) -> Evidence | None:
    """What the same check read last before this."""
    earlier = [
        one
        for one in kept
        if one.facts.get("tool") == piece.title
        and one.facts.get("value") is not None
        and dict(one.facts.get("arguments") or {}) == dict(arguments)  # type: ignore[call-overload]
        and one.at < piece.at
    ]
    return max(earlier, key=lambda one: one.at, default=None)
