"""A proposal is one tool with exact arguments that waits for signatures, runs once, and is verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.person import Person
from bot.domain.tool import Risk


class ProposalState(StrEnum):
    PROPOSED = "proposed"
    SIGNED = "signed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    EXECUTING = "executing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_over(self) -> bool:
        return self not in (ProposalState.PROPOSED, ProposalState.SIGNED, ProposalState.EXECUTING)


class Outcome(StrEnum):
    """What verification found."""

    FIXED = "fixed"
    NOT_FIXED = "not fixed"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The row behind a proposal.

    `plan` is the whole of what the digest covers, empty until the executor has prepared it; until then it
    cannot be signed. `sign_by` and `execute_by` are two clocks: the second starts with the last signature.
    `standing` is the number of the standing sign-off by which it runs, None where people sign it.
    """

    id: int
    incident_id: int
    tool: str
    arguments: Mapping[str, object]
    proposer: Person
    state: ProposalState
    risk: Risk
    signatures_needed: int
    created_at: datetime
    sign_by: datetime
    execute_by: datetime | None = None
    plan: Mapping[str, object] | None = None
    digest: str = ""
    reason: str = ""
    why: str = ""
    undo_of: int | None = None
    before: str = ""
    before_verdict: str = ""
    after: str = ""
    outcome: Outcome | None = None
    worse: bool = False
    replaced_by: int | None = None
    standing: int | None = None

    @property
    def label(self) -> str:
        """How people name it: `P12`."""
        return f"P{self.id}"

    @property
    def is_under_way(self) -> bool:
        """Whether it is signed and not yet run, or run and not yet verified: its story is not over."""
        ran = (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
        if self.state in ran:
            return self.outcome is None
        return self.state in (ProposalState.SIGNED, ProposalState.EXECUTING)

    @property
    def helped(self) -> bool:
        """Whether it verifiably removed the fault; taking another action back never counts as that."""
        return self.outcome is Outcome.FIXED and self.undo_of is None


@dataclass(frozen=True, slots=True)
class SignOff:
    """One person's signature under one digest, or their rejection (`signed` False).

    `alone`: it was given as the only one, as nobody else of N3 had answered; see `bot/sign_off/alone.py`.
    """

    proposal_id: int
    person: Person
    digest: str
    signed: bool
    at: datetime
    reason: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a signed proposal; the row exists before anything is touched.

    `before_value` is what its verification read just before; `stop_by` is who asked to stop it.
    """

    proposal_id: int
    fence: str
    claimed_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    output: str = ""
    problem: str = ""
    before_value: object = None
    stop_by: str = ""
    stop_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """That an action was started: what the rates of its tool and of its service count."""

    tool: str
    service: str
    environment: str
    at: datetime
    is_running: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The verification, read again because a person asked; `at` is None until the executor has read it."""

    id: int
    proposal_id: int
    asked_by: str
    asked_at: datetime
    at: datetime | None = None
    told: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a person of N3 said of an execution whose end nobody saw, and why."""

    proposal_id: int
    person: Person
    took_effect: bool
    reason: str
    at: datetime
