"""How much may run at a time and within an hour, by tool and by service: a storm of signatures is slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.proposal import Started
from bot.domain.tool import Tool

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """What one service of one environment bears, whatever its tools allow each by itself."""

    per_service_at_once: int = 1
    per_service_per_hour: int = 30


@dataclass(frozen=True, slots=True)
class Room:
    """Whether there is room to start now; else whether waiting helps, and the sentence that says so."""

    is_free: bool
    waits: bool = False
    reason: str = ""


_FREE = Room(True)


def room_for(
    tool: Tool, incident: Incident, budget: Budget, started: Sequence[Started], now: datetime
) -> Room:
    """Judge an action that is signed against all that was started within the last hour or runs still.

    What is full at this moment waits, as long as its time to execute lasts; what is spent for the hour is
    refused, as nobody should find it running much later.
    """
    place = f"{incident.service or '?'} in {incident.environment or '?'}"
    here = [s for s in started if (s.service, s.environment) == (incident.service, incident.environment)]
    same = [s for s in started if s.tool == tool.name]
    for found, at_once, per_hour, what in (
        (same, tool.limits.at_once, tool.limits.per_hour, tool.name),
        (here, budget.per_service_at_once, budget.per_service_per_hour, place),
    ):
        recent = sorted(s.at for s in found if s.at > now - HOUR)
        if len(recent) >= per_hour:
            again = recent[len(recent) - per_hour] + HOUR
            text = f"it was not run: {what} has had {len(recent)} of {per_hour} actions within an hour"
            return Room(False, False, f"{text}; propose it again after {again:%H:%M} UTC.")
        running = sum(s.is_running for s in found)
        if running >= at_once:
            text = f"It waits: {running} of at most {at_once} at a time run for {what}."
            return Room(False, True, text)
    return _FREE
