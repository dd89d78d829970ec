"""One delivery as the steps see it: the alert, where it is, and what is remembered of its series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.noise import Group, Series
from bot.triage.memory import Memory
from bot.triage.rules import Rules
from bot.triage.traits import Traits, traits_of

KIND = "kind:"
STILL = "still:"
MOST_FIRES = 32
"""So many beginnings of a series are remembered: more than one every two minutes in an hour."""


@dataclass(frozen=True, slots=True)
class Seen:
    """`series` is None for an alert that is new; `fires` are its beginnings lately, this one included."""

    alert: Alert
    fingerprint: str
    traits: Traits
    series: Series | None
    group: Group | None
    begins: bool
    fires: tuple[datetime, ...]

    @property
    def is_critical(self) -> bool:
        return self.alert.severity >= Severity.CRITICAL

    @property
    def place(self) -> str:
        return self.traits.service or self.traits.host or "?"

    @property
    def kind(self) -> str:
        return kind_at(self.place, self.traits.name)

    @property
    def mark(self) -> str:
        """What people know once they were told of a critical alert like this."""
        return f"critical:{self.place}:{self.traits.name}"


def kind_at(place: str, name: str) -> str:
    """What people know once they were told of an alert of that name there, however grave."""
    return f"{KIND}{place}:{name}"


def still_at(fingerprint: str) -> str:
    """What stands among what people know while an alert fires that they were told of."""
    return f"{STILL}{fingerprint}"


def look(alert: Alert, fingerprint: str, memory: Memory, rules: Rules, now: datetime) -> Seen:
    """Read what is remembered of it; nothing is changed."""
    series = memory.series(fingerprint)
    group = memory.groups.get(series.incident) if series and series.incident is not None else None
    begins = alert.status is AlertStatus.FIRING and (
        series is None or series.status is AlertStatus.RESOLVED or _began_anew(alert, series, rules, now)
    )
    fires = series.fires if series else ()
    if begins:
        fires = (*fires, now)[-MOST_FIRES:]
    return Seen(alert, fingerprint, traits_of(alert), series, group, begins, fires)


def _began_anew(alert: Alert, series: Series, rules: Rules, now: datetime) -> bool:
    """Its end got lost: its sender names another beginning, and was silent for a while before.

    The sender's times are compared with each other alone: a clock that is wrong is wrong twice. What began
    when it did before is the same firing, however long ago it was repeated last.
    """
    return alert.starts_at != series.starts_at and now - series.last_at > rules.pause
