"""What people said of earlier decisions on a series: it is not absorbed the same way again, for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alert import Decision, Kind
from bot.domain.quiet import Correction

HOLDS = timedelta(days=7)
ABSORBING = (Kind.HELD, Kind.MUTED, Kind.FLAPPING, Kind.DUPLICATE, Kind.JOINED)
"""Decisions after which nobody is told; of `joined`, those that do not notify."""


def overrule(
    decision: Decision, corrections: Sequence[Correction], own_incident: int | None, now: datetime
) -> Decision:
    """The decision, or another one where somebody said that this series should have paged.

    `own_incident` is the open incident that the series is in, if any: what belongs there stays there, and a
    repeat of what people were told is no new alert.
    """
    if decision.notifies or decision.kind not in ABSORBING:
        return decision
    said = next((one for one in corrections if one.holds(now) and one.decision is decision.kind), None)
    if said is None or (own_incident is not None and decision.kind in (Kind.DUPLICATE, Kind.JOINED)):
        return decision
    reason = (
        f"It should have paged when it was {said.decision.value} before; that holds until {said.until:%d %b}."
    )
    kind = Kind.OPENED if own_incident is None else Kind.JOINED
    return replace(
        decision, kind=kind, reason=reason, incident=own_incident, notifies=True, hold_until=None, mute=None
    )
