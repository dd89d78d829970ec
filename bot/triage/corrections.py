"""What people said of earlier decisions on a series: it is not absorbed the same way again, for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alert import Decision, Kind
from bot.domain.quiet import Correction
from bot.triage.seen import Seen

HOLDS = timedelta(days=7)
ABSORBING = (Kind.HELD, Kind.MUTED, Kind.FLAPPING, Kind.DUPLICATE, Kind.JOINED)
"""Decisions after which nobody is told; of `joined`, those that do not notify."""


def overrule(
    seen: Seen, decision: Decision, corrections: Sequence[Correction], now: datetime
) -> tuple[Seen, Decision]:
    """What is decided, or another decision where somebody said that this series should have paged.

    What would have joined an incident of others opens its own, what begins again in its own is told there; a
    repeat of what people were told stays one.
    """
    if decision.notifies or decision.kind not in ABSORBING or decision.kind is Kind.DUPLICATE:
        return seen, decision
    said = next((one for one in corrections if one.holds(now) and one.decision is decision.kind), None)
    own = seen.group.incident if seen.group is not None else None
    is_its_own = decision.kind is Kind.JOINED and decision.incident == own
    if said is None or (is_its_own and not seen.begins):
        return seen, decision
    incident = None if decision.kind is Kind.JOINED and not is_its_own else decision.incident
    until = f"{said.until:%d %b}"
    told = replace(
        decision,
        kind=Kind.OPENED if incident is None else Kind.JOINED,
        reason=f"It should have paged when it was {said.decision.value}; that holds until {until}.",
        incident=incident,
        notifies=True,
        hold_until=None,
        mute=None,
        step="correction",
    )
    # An alert that was kept quiet begins now, as far as people are concerned.
    return replace(seen, begins=True), told
