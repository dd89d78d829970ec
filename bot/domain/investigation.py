"""An investigation: what is read for one incident, step by step, within its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.evidence import Evidence
from bot.domain.tool import Inventory, Tool

SEARCH, READ, PLAN = "search_knowledge", "read_evidence", "plan"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one investigation may use.

    `turns` counts questions to the model, `tokens` all that they cost, `reads` what is read in all,
    `at_once` what is read in one turn, `characters` what the model is shown of one reading; reading ends when
    `share` of the time is over.
    """

    turns: int = 6
    tokens: int = 30_000
    reads: int = 12
    at_once: int = 6
    characters: int = 2_400
    share: float = 0.6


@dataclass(frozen=True, slots=True)
class Wish:
    """One reading that is asked for: SEARCH, READ, PLAN or the name of a check, with its arguments."""

    what: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Given:
    """What came of a wish: pieces of evidence, or why there are none, in our own words."""

    pieces: tuple[Evidence, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the progress that people see: what is read, and what came of it; empty while it runs."""

    what: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Investigation:
    """One round of one incident as people follow it. `ended_at` is None while it goes on."""

    incident_id: int
    round: int
    started_at: datetime
    ended_at: datetime | None
    stopped_by: str
    note: str
    plan: tuple[str, ...]
    steps: tuple[Step, ...]


class Desk(Protocol):
    """Reads for one incident, and nothing else: the knowledge base, and the checks in force for it."""

    @property
    def bounds(self) -> Bounds: ...

    @property
    def checks(self) -> Sequence[Tool]: ...

    @property
    def inventory(self) -> Inventory: ...

    @property
    def is_stopped(self) -> bool: ...

    def evidence(self) -> list[Evidence]:
        """All of it so far, in the order of its numbers."""
        ...

    def whole(self, piece: Evidence) -> str:
        """All of its text, also where the piece itself was shortened."""
        ...

    async def read(self, wishes: Sequence[Wish]) -> list[Given]:
        """Carry out the wishes side by side; what came of each, in the order in which they were given.

        Whatever goes wrong with one is said in its place. Numbers of evidence follow the same order.
        """
        ...

    async def stopped(self) -> str:
        """Returns once a person wants it to end: who, as a person's key."""
        ...
