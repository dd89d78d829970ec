"""What triage may be told: each number has a unit and a reason. The defaults are what `serve` runs with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bot.triage.likeness import Weights


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set; `without` leaves steps out by name, for measuring what each contributes."""

    heartbeats: frozenset[str] = frozenset({"Watchdog"})
    window: timedelta = timedelta(minutes=15)
    """An alert is related to what began within this time before it, not to older troubles."""
    hold: timedelta = timedelta(minutes=6)
    """How long a non-critical alert may clear itself before anybody is told, where nothing is known of it."""
    shortest_hold: timedelta = timedelta(minutes=5)
    longest_hold: timedelta = timedelta(minutes=8)
    """What history may make of it: minutes at most."""
    flaps: int = 3
    """So many beginnings within `flap_window` and an alert flaps."""
    flap_window: timedelta = timedelta(hours=1)
    calm: timedelta = timedelta(minutes=15)
    """An incident whose alert flaps is over once it was quiet for so long, or less where it flaps quickly."""
    calm_critical: timedelta = timedelta(minutes=30)
    """The same where that alert is critical; people who know that it flaps are told again no more often."""
    again: timedelta = timedelta(minutes=5)
    """What fires again so soon after it ended is the same trouble."""
    reminder: timedelta = timedelta(minutes=5)
    """A critical alert of a service and name that people were told of breaks through again after this
    time."""
    together: timedelta = timedelta(minutes=1)
    """What strikes several units of a service makes one alert fire for all of them within this time, as rules
    are evaluated that often. A critical one that comes later, while one alone fires, is a second trouble."""
    lull: timedelta = timedelta(minutes=10)
    """News of an incident that is not critical comes no more often than this."""
    silent: timedelta = timedelta(hours=26)
    """An alert of which nothing is heard for so long is over, unless it is critical: longer than senders are
    set to wait before they repeat what still fires, a day at most. Many never repeat anything."""
    pause: timedelta = timedelta(minutes=5)
    """What its sender says began at another time, after so long a silence, begins anew: its end got lost."""
    most_incidents: int = 2000
    """So many open at once, and what would open one more goes to the one overflow incident."""
    weights: Weights = field(default_factory=Weights)
    without: frozenset[str] = frozenset()

    def calm_of(self, is_critical: bool) -> timedelta:
        """`calm`, for an alert that is critical or not."""
        return self.calm_critical if is_critical else self.calm

    def has(self, step: str) -> bool:
        return step not in self.without
