"""An alert fires and resolves; triage decides what becomes of each delivery, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """How bad it is; comparable, so that a rise can be seen."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, text: str) -> Severity:
        """Read a source's typed severity field; what is unknown counts as a warning, never as less."""
        return cls.known(text) or cls.WARNING

    @classmethod
    def known(cls, text: str) -> Severity | None:
        """What the word means; None where it is no word for a severity."""
        return _SEVERITY_WORDS.get(text.strip().lower())

    @classmethod
    def words(cls) -> frozenset[str]:
        """Every word that is known."""
        return frozenset(_SEVERITY_WORDS)


_SEVERITY_WORDS = {
    "critical": Severity.CRITICAL,
    "page": Severity.CRITICAL,
    "emergency": Severity.CRITICAL,
    "fatal": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "high": Severity.CRITICAL,
    "major": Severity.CRITICAL,
    "urgent": Severity.CRITICAL,
    "blocker": Severity.CRITICAL,
    "p0": Severity.CRITICAL,
    "p1": Severity.CRITICAL,
    "sev0": Severity.CRITICAL,
    "sev1": Severity.CRITICAL,
    "sev-0": Severity.CRITICAL,
    "sev-1": Severity.CRITICAL,
    "warning": Severity.WARNING,
    "error": Severity.WARNING,
    "info": Severity.INFO,
    "informational": Severity.INFO,
    "none": Severity.INFO,
}


OWN = "vigie"
"""The source of alerts about Vigie itself."""


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One delivery of an alert, as a source's `parse` gives it.

    `name` and `service` come from typed fields; every text is untrusted. Times are aware; `starts_at` is the
    sender's clock and is only shown, decisions use the time of arrival. `origin` is what the sender calls it
    (its group, its id, where to look): it is shown and sent back to the sender, and decides nothing.
    `identity` is what the sender says makes it this alert and no other, empty where its labels do.
    """

    source: str
    name: str
    status: AlertStatus
    severity: Severity
    service: str
    environment: str
    starts_at: datetime
    ends_at: datetime | None = None
    summary: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    origin: Mapping[str, str] = field(default_factory=dict)
    identity: str = ""


class Kind(StrEnum):
    """What triage decided about one delivery."""

    OPENED = "opened"
    JOINED = "joined"
    DUPLICATE = "duplicate"
    HELD = "held"
    MUTED = "muted"
    FLAPPING = "flapping"
    HEARTBEAT = "heartbeat"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery and why; `incident` is None when it opens one or belongs to none.

    `notifies`: people are told now. `hold_until`: told then, if it still fires and nothing told of it before.
    `mute` is the number of the maintenance window that keeps it quiet. `step` names who decided, for counts.
    """

    kind: Kind
    reason: str
    incident: int | None = None
    notifies: bool = False
    hold_until: datetime | None = None
    mute: int | None = None
    step: str = ""
