"""What the edges may ask for. Each method commits its rows in one transaction, then wakes the lifecycle."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.copilot.alerts import Alerts
from bot.copilot.by_hand import ByHand
from bot.copilot.calling import Calling
from bot.copilot.canaries import Canaries
from bot.copilot.changes import Changes
from bot.copilot.corrections import Corrections
from bot.copilot.drafts import Drafts, Habits
from bot.copilot.forms import Forms
from bot.copilot.gaps import Gaps
from bot.copilot.heartbeats import Heartbeats
from bot.copilot.homes import Homes
from bot.copilot.incidents import Incidents
from bot.copilot.library import Library
from bot.copilot.muted import rules_of
from bot.copilot.mutes import Mutes
from bot.copilot.noise import NoiseFigures
from bot.copilot.overview import Overview
from bot.copilot.proposals import Proposals
from bot.copilot.questions import Questions
from bot.copilot.receiving import Receiving
from bot.copilot.regrouping import Regroupings
from bot.copilot.reviews import Reviews
from bot.copilot.running import Running
from bot.copilot.shelf import Shelf
from bot.copilot.signing import Signing
from bot.copilot.standing import Standing
from bot.copilot.standing_watch import StandingWatch
from bot.copilot.suggestions import Suggestions
from bot.copilot.switch import Switch
from bot.copilot.upkeep import Upkeep
from bot.copilot.votes import Votes
from bot.domain.curation import UpkeepRule
from bot.domain.ports import Membership, Wake
from bot.domain.senders import BeatRule
from bot.domain.store import Store
from bot.in_force import InForce
from bot.sign_off.calling import Pace
from bot.triage.decide import Rules
from bot.triage.topology import Topology
from bot.triage.windows import Declared

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
    reviews: Reviews
    running: Running
    forms: Forms
    standing: Standing
    standing_watch: StandingWatch
    heartbeats: Heartbeats
    mutes: Mutes
    suggestions: Suggestions
    regroupings: Regroupings
    corrections: Corrections
    noise: NoiseFigures
    canaries: Canaries
    library: Library
    votes: Votes
    gaps: Gaps
    upkeep: Upkeep
    drafts: Drafts
    by_hand: ByHand

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
        topology: Topology | None = None,
        declared: Sequence[Declared] = (),
        shelf: Shelf | None = None,
        upkeep: UpkeepRule = UpkeepRule(),  # noqa: B008  # frozen
        habits: Habits = Habits(),  # noqa: B008  # frozen
    ) -> Copilot:
        """All parts over the same ports."""
        ports = (store, in_force, membership, wake)
        alerts = Alerts(store, rules, wake, topology, rules_of)
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
            Reviews(*ports),
            Running(*ports),
            Forms(*ports),
            Standing(*ports),
            StandingWatch(*ports),
            Heartbeats(store, rules.heartbeats, beat_rule, wake),
            Mutes(*ports, rules.heartbeats, declared, alerts.deciding),
            Suggestions(*ports),
            Regroupings(*ports),
            Corrections(*ports, alerts.deciding),
            NoiseFigures(store),
            Canaries(store, alerts.deciding),
            Library(*ports, shelf),
            Votes(*ports, shelf),
            Gaps(*ports, shelf),
            Upkeep(*ports, shelf, upkeep),
            Drafts(*ports, habits),
            ByHand(*ports),
        )
