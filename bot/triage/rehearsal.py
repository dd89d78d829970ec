"""The whole pipeline in memory, over deliveries with their times: for `vigie replay` and for measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alert import Alert, Decision, Kind
from bot.domain.noise import Held
from bot.triage.decide import decide
from bot.triage.due import end_hold, ends_by_silence, hold_end, holds_due, over_now
from bot.triage.fingerprint import fingerprint
from bot.triage.memory import Memory
from bot.triage.mute import MuteRule
from bot.triage.note import expire, note
from bot.triage.rules import Rules
from bot.triage.topology import Topology

TICK = timedelta(minutes=1)


@dataclass
class Outcome:
    """What became of one delivery; `told_at` may come later, when a hold ends."""

    decision: Decision
    incident: int | None
    told_at: datetime | None = None


class Rehearsal:
    """Decides as `serve` does, and stores nothing. Incidents are numbered from 1."""

    def __init__(
        self, rules: Rules | None = None, topology: Topology | None = None, mutes: Sequence[MuteRule] = ()
    ) -> None:
        self.rules = rules or Rules()
        self.memory = Memory(topology, mutes)
        self.outcomes: list[Outcome] = []
        self.opened = 0
        self._tick: datetime | None = None

    def receive(self, alert: Alert, at: datetime) -> Outcome:
        """Let time pass until `at`, then decide on one delivery."""
        self.pass_time(at)
        mark = fingerprint(alert)
        seen, decision = decide(alert, mark, self.memory, self.rules, at)
        incident = decision.incident
        if incident is None and decision.kind in (Kind.OPENED, Kind.HELD, Kind.FLAPPING):
            self.opened = incident = self.opened + 1
        noted = note(seen, decision, incident, self.memory, self.rules, at)
        if noted.began is not None:
            self.memory.put_hold(replace(noted.began, alert_id=len(self.outcomes)))
        if noted.over is not None:
            self.memory.end_group(noted.over)
        self.memory.take_changes()
        self.outcomes.append(Outcome(decision, incident, at if decision.notifies else None))
        return self.outcomes[-1]

    def pass_time(self, until: datetime) -> None:
        """What the sweep does, minute by minute, and holds to the second."""
        tick = self._tick or until
        while tick <= until:
            self._holds(tick)
            self._sweep(tick)
            tick += TICK
        self._tick = tick
        self._holds(until)

    def _holds(self, until: datetime) -> None:
        while due := holds_due(self.memory, until):
            hold = due[0]
            end = hold_end(hold, self.memory, self.rules, hold.due_at)
            end_hold(hold, end, self.memory, hold.due_at)
            if end.again_at is not None:
                self.memory.put_hold(replace(hold, due_at=end.again_at))
            if end.outcome is Held.TOLD:
                self.outcomes[hold.alert_id].told_at = hold.due_at

    def _sweep(self, now: datetime) -> None:
        for series in self.memory.firing():
            if ends_by_silence(series, self.rules, now):
                noted = expire(series, self.memory, self.rules, now)
                if noted.over is not None:
                    self.memory.end_group(noted.over)
        for incident in over_now(self.memory, now):
            self.memory.end_group(incident)
