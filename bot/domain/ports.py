"""What the core needs from the outside; adapters implement these, `app` wires them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.domain.conversation import Task, Written
from bot.domain.diagnosis import Diagnosis
from bot.domain.evidence import Evidence
from bot.domain.incident import Incident
from bot.domain.investigation import Desk
from bot.domain.person import Person
from bot.domain.tool import Tool


class Wake(Protocol):
    """Tells the lifecycle that a committed row waits for it; losing a call only costs time."""

    def __call__(self, verb: str, subject: str) -> None: ...


class Diagnostician(Protocol):
    """Turns evidence into a diagnosis.

    Raises:
        ModelUnavailable: no usable answer within its deadline and budget.
    """

    async def diagnose(
        self,
        incident: Incident,
        evidence: Sequence[Evidence],
        tools: Sequence[Tool],
        desk: Desk | None = None,
    ) -> Diagnosis:
        """`desk`: what it may read more from while it thinks; without one it judges the evidence alone."""
        ...


class Author(Protocol):
    """Writes an answer or a draft in words, from the sources of the task.

    Raises:
        ModelUnavailable: no usable text within its deadline and budget.
    """

    async def write(self, task: Task) -> Written: ...


class Membership(Protocol):
    """Who is N3 right now, read fresh; `Members` where the policy has groups.

    Raises:
        MembershipUnknown: it could not be read; the caller refuses.
    """

    def n3(self) -> frozenset[Person]: ...


class Executor(Protocol):
    """The executor's process: it takes ids and reads the records itself.

    Raises:
        ExecutorUnavailable: it did not answer; the record says what became of the work.
    """

    async def do(self, verb: str, subject: int) -> None: ...
