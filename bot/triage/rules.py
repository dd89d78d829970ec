"""What triage may be told: each number has a unit and a reason. The defaults are what `serve` runs with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set; `without` leaves steps out, for measuring what each contributes."""

    heartbeats: frozenset[str] = frozenset({"Watchdog"})
    window: timedelta = timedelta(minutes=10)
    """An alert is related to what began within this time before it, not to older troubles."""
    hold: timedelta = timedelta(minutes=5)
    """How long a non-critical alert may clear itself before anybody is told, where nothing is known of it."""
    shortest_hold: timedelta = timedelta(minutes=3)
    longest_hold: timedelta = timedelta(minutes=7)
    """What history may make of it."""
    flaps: int = 3
    """So many fires within `flap_window` and an alert flaps."""
    flap_window: timedelta = timedelta(hours=1)
    again: timedelta = timedelta(minutes=5)
    """What fires again so soon after it ended is the same trouble."""
    reminder: timedelta = timedelta(minutes=5)
    """A critical alert is told again after this time, though its service and name were told before."""
    most_incidents: int = 2000
    """So many open at once, and what would open one more goes to the one overflow incident."""
    without: frozenset[str] = frozenset()
