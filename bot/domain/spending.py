"""What a model may use and what it has used: tokens, money and time, counted before and after each call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DAY = timedelta(days=1)
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens, money in the currency of the prices, and seconds; of calls under way what was set aside."""

    tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.money + other.money, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class Lately:
    """What was used in the last 24 hours: in all, of it for one channel, and of it with one provider."""

    in_all: Spent
    channel: Spent
    provider: Spent


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be used at most; 0 is no bound."""

    tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0

    def broken_by(self, used: Spent, currency: str) -> str:
        """What of it `used` goes beyond, in words; empty where all fits."""
        if self.tokens and used.tokens > self.tokens:
            return f"{self.tokens} tokens"
        if self.money and used.money > self.money:
            return f"{self.money:g} {currency}"
        if self.seconds and used.seconds > self.seconds:
            return f"{self.seconds:g} s"
        return ""


@dataclass(frozen=True, slots=True)
class Limits:
    """For one incident in all; for one channel, and for everything, in any 24 hours."""

    incident: Limit = field(default_factory=Limit)
    channel: Limit = field(default_factory=Limit)
    day: Limit = field(default_factory=Limit)


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens cost, sent and answered."""

    sent: float = 0.0
    answered: float = 0.0
    currency: str = "USD"

    def of(self, sent: int, answered: int) -> float:
        """What these tokens cost."""
        return (sent * self.sent + answered * self.answered) / MILLION


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a model is asked for: the question's name, the prompt's version, the incident and the channel.

    `incident` is None outside of one. `channel` is whose budget it is: a channel's role or id.
    """

    what: str
    prompt: str = ""
    incident: int | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Reserve:
    """One call before it is made: whom it goes to, what is set aside for it, and what is sent."""

    purpose: Purpose
    provider: str
    model: str
    aside: Spent
    currency: str
    sent: str
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """The same call once it is over: what it took, what came back, and what was wrong."""

    state: str
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    seconds: float = 0.0
    answer: str = ""
    problem: str = ""
    echoed: tuple[str, ...] = ()


RESERVED, ANSWERED, FAILED, REFUSED = "reserved", "answered", "failed", "refused"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange with a model as it is kept; the texts are as they went over the line, redacted and capped.

    `state` is one of: reserved (under way, or its end was never seen), answered, failed, refused (not asked).
    """

    id: int
    at: datetime
    incident: int | None
    channel: str
    what: str
    prompt: str
    provider: str
    model: str
    state: str
    tokens_in: int
    tokens_out: int
    money: float
    currency: str
    seconds: float
    redacted: Sequence[str]
    echoed: Sequence[str]
    sent: str
    answer: str
    problem: str


@dataclass(frozen=True, slots=True)
class NeverSend:
    """What no model ever sees: all that is given has to fit."""

    service: str | None = None
    environment: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def covers(self, service: str, environment: str, alerts: Sequence[Mapping[str, str]] = ()) -> bool:
        """Whether an incident of this service and environment, with the labels of its alerts, is one."""
        if self.service is not None and self.service != service:
            return False
        if self.environment is not None and self.environment != environment:
            return False
        if not self.labels:
            return True
        return any(all(labels.get(k) == v for k, v in self.labels.items()) for labels in alerts)

    def covers_document(self, service: str) -> bool:
        """Whether a document about this service is one; documents carry neither environment nor labels."""
        return self.service is not None and self.service == service and not self.labels

    @property
    def words(self) -> str:
        """The rule as people read it."""
        given = [("service", self.service), ("environment", self.environment), *self.labels.items()]
        return ", ".join(f"{name} {value}" for name, value in given if value is not None)
