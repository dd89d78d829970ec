"""A way out beside Slack: the port that mail and webhook implement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.domain.incident import Incident
from bot.domain.records import News, SeenAlert
from bot.errors import VigieError


class NotTaken(VigieError):
    """The second way did not take it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent: the same for every way, drawn from the rows of the moment `at`.

    `key` is the same however often it is sent, so that a receiver can drop what comes again; `first_key` is
    that of the incident's first letter by this way, empty in that one. All text is redacted and hostile.
    """

    key: str
    first_key: str
    news: News
    incident: Incident
    because: str
    at: datetime
    alerts: tuple[SeenAlert, ...] = field(default=())


class Way(Protocol):
    """One way. `name` is what rows and people call it."""

    @property
    def name(self) -> str: ...

    async def send(self, letter: Letter) -> str:
        """Send it; the answer is a remark for people, such as a recipient that was refused.

        Raises:
            NotTaken: nobody confirmed it, with the reason; it may have arrived all the same.
        """
        ...
