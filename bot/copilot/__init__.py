"""What the edges may ask for. Each method commits its rows in one transaction, then wakes the lifecycle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.copilot.alerts import Alerts
from bot.copilot.calling import Calling
from bot.copilot.changes import Changes
from bot.copilot.heartbeats import Heartbeats
from bot.copilot.homes import Homes
from bot.copilot.incidents import Incidents
from bot.copilot.overview import Overview
from bot.copilot.proposals import Proposals
from bot.copilot.questions import Questions
from bot.copilot.receiving import Receiving
from bot.copilot.signing import Signing
from bot.copilot.switch import Switch
from bot.domain.ports import Membership, Wake
from bot.domain.senders import BeatRule
from bot.domain.store import Store
from bot.in_force import InForce
from bot.sign_off.calling import Pace
from bot.triage.decide import Rules

__all__ = ["Copilot", "Overview"]


@dataclass(frozen=True, slots=True)
class Copilot:
    """The parts, each named for what it is about."""

    alerts: Alerts
    receiving: Receiving
    questions: Questions
    incidents: Incidents
    proposals: Proposals
    signing: Signing
    changes: Changes
    switch: Switch
    calling: Calling
    homes: Homes
    heartbeats: Heartbeats

    @classmethod
    def of(
        cls,
        store: Store,
        in_force: InForce,
        membership: Membership,
        rules: Rules,
        wake: Wake,
        pace: Pace = Pace(),  # noqa: B008  # frozen
        monotonic: Callable[[], float] = time.monotonic,
        beat_rule: BeatRule = BeatRule(),  # noqa: B008  # frozen
    ) -> Copilot:
        """All parts over the same ports."""
        ports = (store, in_force, membership, wake)
        alerts = Alerts(store, rules, wake)
        return cls(
            alerts,
            Receiving(store, alerts),
            Questions(*ports),
            Incidents(*ports),
            Proposals(*ports),
            Signing(*ports),
            Changes(*ports),
            Switch(*ports),
            Calling(*ports, pace, monotonic),
            Homes(*ports),
            Heartbeats(store, rules.heartbeats, beat_rule, wake),
        )
