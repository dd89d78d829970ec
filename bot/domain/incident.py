"""An incident moves through seven states; each move is listed here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.alert import Severity

BY_SOURCE, BY_SILENCE = "source", "silence"
"""Who resolved an incident that no person did: its alerts' source, or nobody, as nothing was heard of it."""


class IncidentState(StrEnum):
    TRIGGERED = "triggered"
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_open(self) -> bool:
        return self not in (IncidentState.RESOLVED, IncidentState.CLOSED)


MAX_ROUNDS = 3
"""So many times an incident is investigated at most."""
_S = IncidentState
MOVES: dict[IncidentState, frozenset[IncidentState]] = {
    _S.TRIGGERED: frozenset({_S.INVESTIGATING, _S.IDENTIFIED, _S.MITIGATING, _S.RESOLVED}),
    _S.INVESTIGATING: frozenset({_S.IDENTIFIED, _S.MITIGATING, _S.RESOLVED}),
    _S.IDENTIFIED: frozenset({_S.INVESTIGATING, _S.MITIGATING, _S.RESOLVED}),
    _S.MITIGATING: frozenset({_S.IDENTIFIED, _S.MONITORING, _S.RESOLVED}),
    _S.MONITORING: frozenset({_S.IDENTIFIED, _S.MITIGATING, _S.RESOLVED}),
    _S.RESOLVED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}


def may_move(old: IncidentState, new: IncidentState) -> bool:
    """Whether an incident in state `old` may go to `new`; staying is not a move."""
    return new in MOVES[old]


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause, as people see it: the row behind the card in Slack.

    `previous` names the incident that the same alerts had opened before, if any. `held`: nobody was told of
    it. `opened_by` is who opened it by hand, `overruled` the gravest severity that its alerts had when a
    person said how grave it is: no alert up to it changes that any more.
    """

    id: int
    title: str
    service: str
    environment: str
    severity: Severity
    state: IncidentState
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None = None
    assignee: str = ""
    resolved_by: str = ""
    previous: int | None = None
    alerts_received: int = 0
    rounds: int = 0
    held: bool = False
    opened_by: str = ""
    overruled: Severity | None = None

    @property
    def may_be_investigated_again(self) -> bool:
        """Whether its rounds are not used up."""
        return self.rounds < MAX_ROUNDS

    @property
    def label(self) -> str:
        """How people name it: `#12`."""
        return f"#{self.id}"
