"""Rows as the core sees them, and the transaction through which it reads and writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alert import AlertStatus, Severity
from bot.domain.inbox import InboxKind
from bot.domain.person import Person
from bot.domain.tool import CheckResult, Risk

FILES = ("output_file", "chart")
"""Kinds of messages that are a file with a comment: each is sent once, by itself, and holds nobody up."""
MOST_ALERTS = 20
"""So many alerts of an incident are read to be shown; there may be more."""


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """One alert of an incident: what its gravest delivery said, the newest of these, and how often it came.

    `id`, `first_at` and `began_at`, which is what its sender calls its beginning, are its first delivery's;
    `origin` is what its sender calls it and where it shows it.
    """

    id: int
    name: str
    severity: Severity
    status: AlertStatus
    summary: str
    description: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    flags: tuple[str, ...]
    first_at: datetime
    deliveries: int
    began_at: datetime | None = None
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run of a check, asked for at `asked_at`; `result` is None until the executor has written it."""

    id: int
    incident_id: int
    tool: str
    arguments: Mapping[str, object]
    ended_at: datetime | None
    result: CheckResult | None
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewProposal:
    """What a person proposes: arguments are validated, the proposer is who pressed the button.

    By a standing sign-off (`standing`) it is who proposed that, so that they never sign it.
    """

    incident_id: int
    tool: str
    arguments: Mapping[str, object]
    proposer: Person
    risk: Risk
    signatures_needed: int
    time_to_sign: timedelta
    why: str = ""
    undo_of: int | None = None
    standing: int | None = None


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing new is executed while one is in force."""

    id: int
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """Content in force or offered (catalogue, policy), with who signed it; nobody at the first start.

    `state` is one of: in force, offered, withdrawn, rejected.
    """

    id: int
    what: str
    digest: str
    content: str
    at: datetime
    by: tuple[str, ...]
    state: str = "offered"


@dataclass(frozen=True, slots=True)
class Review:
    """A proposal that one N3 signed alone, which others are asked to look at from `due_at` on.

    `verdict` is empty until somebody has said that it was fine, or should not have been.
    """

    proposal_id: int
    signer: Person
    reason: str
    signed_at: datetime
    due_at: datetime
    posted: bool = False
    verdict: str = ""
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What was learned from an incident, once a person has confirmed it."""

    incident_id: int
    text: str
    cause: str
    drafted_at: datetime
    confirmed_at: datetime | None
    confirmed_by: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Post:
    """One message in Slack. `sent` < `wanted` means it waits; `sent` -1 means Slack refuses it for good.

    `thread_of` is the key of the message whose thread it belongs to, or `ts:<ts>` for a message of a person.
    """

    id: int
    key: str
    channel: str
    kind: str
    subject: int
    thread_of: str
    content: Mapping[str, object] | None
    wanted: int
    sent: int
    ts: str
    channel_id: str
    in_doubt: bool
    attempts: int
    not_before: datetime | None
    problem: str
    wanted_at: datetime


@dataclass(frozen=True, slots=True)
class Stream:
    """How much of an output Slack shows: `pieces` of it, in the message `ts`, streamed or edited in place."""

    key: str
    mode: str
    ts: str = ""
    pieces: int = 0
    is_over: bool = False


class News(StrEnum):
    """What a notice by the second way is about."""

    OPENED = "opened"
    ROSE = "rose"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of news of an incident that goes out by one way because Slack was not told of it.

    `severity` is what the incident had when it was wanted; `because` says why Slack does not have it.
    `sent_at` is when what was sent was drawn; `over` says that the incident was over in what was sent.
    """

    id: int
    incident_id: int
    news: News
    severity: Severity
    way: str
    because: str
    wanted_at: datetime
    sent_at: datetime | None = None
    over: bool = False
    attempts: int = 0
    not_before: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WayState:
    """How one second way does: how many notices wait and since when, how many were sent, what is wrong."""

    waiting: int = 0
    oldest: datetime | None = None
    sent: int = 0
    last_sent: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """The outgoing heartbeat: when it was tried and sent last, and why it was withheld or not taken."""

    tried_at: datetime
    sent_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class Received:
    """Something that came in, kept before it was acknowledged."""

    key: str
    kind: InboxKind
    payload: Mapping[str, object]
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Setback:
    """Work that failed `attempts` times and is tried again from `not_before` on; `attempt` names that try."""

    work: str
    attempts: int
    not_before: datetime
    problem: str
    attempt: str


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit log: who did what to which subject, and why. `seq` counts from 1 without gaps."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]
    previous: str
    hash: str
