"""The desk of a recorded incident: an agent reads there what was recorded, as in `serve` what is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.domain.evidence import Evidence
from bot.domain.investigation import PLAN, READ, SEARCH, Bounds, Given, Wish
from bot.domain.tool import Inventory, Tool
from bot.evaluate.cases import Case
from bot.stages import readings
from bot.stages.numbering import Numbering
from knowledge.base import KnowledgeBase
from knowledge.model import Query


class RecordedDesk:
    """Implements the port `Desk`: the case's own knowledge is searched, a check gives what it gave then."""

    def __init__(
        self, case: Case, library: KnowledgeBase, numbering: Numbering, asked: Query, bounds: Bounds
    ) -> None:
        self._case, self._library, self._numbering = case, library, numbering
        self._asked, self._bounds = asked, bounds
        self._done: dict[str, Given] = {}
        self.checks: Sequence[Tool] = case.checks
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
        key = readings.key(wish)
        if key not in self._done:
            if len(self._done) >= self._bounds.reads:
                return readings.FULL
            self._done[key] = await self._carry_out(wish)
        return self._done[key]

    async def _carry_out(self, wish: Wish) -> Given:
        if wish.what == SEARCH:
            query = readings.wished(self._asked, wish.arguments)
            result = await asyncio.to_thread(self._library.search, query, readings.FOUND)
            return readings.found(self._numbering, result, self._case.incident.opened_at)
        if wish.what == READ:
            return readings.again(self._numbering, wish.arguments, self._bounds.characters)
        if wish.what == PLAN:
            return readings.NOTED
        sources = [f"check:{run.id}" for run in self._case.runs if run.tool == wish.what]
        pieces = tuple(filter(None, map(self._numbering.of_source, sources)))
        return Given(pieces) if pieces else readings.no_check(wish.what)
