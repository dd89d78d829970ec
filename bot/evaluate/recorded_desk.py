"""The desk of a recorded incident: an agent reads there what was recorded, as in `serve` what is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.domain.evidence import Evidence
from bot.domain.investigation import PLAN, READ, SEARCH, Bounds, Given, Wish
from bot.domain.tool import Inventory, Tool, ToolKind
from bot.evaluate.cases import Case
from bot.stages import investigate, readings
from bot.stages.numbering import Numbering
from bot.stages.words import inert
from knowledge.base import KnowledgeBase
from knowledge.model import Query

PASSAGES = 5


def query_of(case: Case) -> Query:
    """What the product would search for at the first look."""
    return investigate.query_of(case.incident, case.alerts, frozenset())


def first_look(case: Case, library: KnowledgeBase) -> Numbering:
    """What an investigation finds before a model is asked: alerts, checks, passages."""
    found = library.search(query_of(case), PASSAGES)
    return investigate.numbered(case.alerts, case.runs, found, case.incident.opened_at, {})


class RecordedDesk:
    """Implements the port `Desk`: the case's own knowledge is searched, a check gives what it gave then."""

    def __init__(self, case: Case, library: KnowledgeBase, bounds: Bounds) -> None:
        self._case, self._library, self._bounds = case, library, bounds
        self._numbering = first_look(case, library)
        self._done: dict[str, Given] = {}
        self.checks: Sequence[Tool] = _checks(case)
        self.inventory: Inventory = {}
        self.is_stopped = False

    @property
    def bounds(self) -> Bounds:
        return self._bounds

    def evidence(self) -> list[Evidence]:
        return list(self._numbering.pieces)

    def whole(self, piece: Evidence) -> str:
        return self._numbering.whole(piece)

    async def stopped(self) -> str:
        await asyncio.Event().wait()  # there is nobody to stop it
        return ""

    async def read(self, wishes: Sequence[Wish]) -> list[Given]:
        allowed = wishes[: self._bounds.at_once]
        given = [await self._once(wish) for wish in allowed]
        return given + [readings.many(self._bounds.at_once)] * (len(wishes) - len(allowed))

    async def _once(self, wish: Wish) -> Given:
        key = repr((wish.what, sorted(wish.arguments.items(), key=repr)))
        if key not in self._done:
            if len(self._done) >= self._bounds.reads:
                return readings.FULL
            self._done[key] = await self._carry_out(wish)
        return self._done[key]

    async def _carry_out(self, wish: Wish) -> Given:
        if wish.what == SEARCH:
            query = readings.wished(query_of(self._case), wish.arguments)
            result = await asyncio.to_thread(self._library.search, query, readings.FOUND)
            return readings.found(self._numbering, result, self._case.incident.opened_at)
        if wish.what == READ:
            return readings.again(self._numbering, wish.arguments, self._bounds.characters)
        if wish.what == PLAN:
            return Given(said="Noted.")
        sources = [f"check:{run.id}" for run in self._case.runs if run.tool == wish.what]
        pieces = tuple(filter(None, map(self._numbering.of_source, sources)))
        refused = f"Refused: There is no check {inert(wish.what, 60)!r} for this incident."
        return Given(pieces) if pieces else Given(said=refused)


def _checks(case: Case) -> list[Tool]:
    """Each check of which a reading was recorded. Its arguments were not, so it takes none."""
    incident = case.incident
    return [
        Tool(
            name=name,
            kind=ToolKind.CHECK,
            title=name,
            does="Reads what it read when the incident was recorded.",
            runner="command",
            call={},
            arguments=(),
            timeout_s=1.0,
            output_cap=1,
            environments=(incident.environment,),
            services=(incident.service,),
            owner="",
            entry={},
        )
        for name in dict.fromkeys(run.tool for run in case.runs)
    ]
