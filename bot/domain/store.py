"""The store as a port: a transaction gives the records by kind, all read and written at one time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from bot.domain.store_actions import (
    Audit,
    Checks,
    Diagnoses,
    Executions,
    Investigations,
    N3Records,
    Proposals,
    Reviews,
    Settling,
    Standing,
    Streams,
    Summaries,
)
from bot.domain.store_alerts import (
    Alerts,
    Beats,
    Canaries,
    Corrections,
    Deliveries,
    FlowBack,
    Incidents,
    Mutes,
    Regroupings,
    Retention,
    Silences,
    Triage,
)
from bot.domain.store_curation import Gaps, Library, Upkeep
from bot.domain.store_messages import Heartbeat, Inbox, Notices, Posts, Setbacks
from bot.domain.store_models import Drafts, Exchanges


class Tx(Protocol):
    """One transaction; `now` is the one time that everything in it uses, never before a time stored."""

    now: datetime

    @property
    def alerts(self) -> Alerts: ...

    @property
    def incidents(self) -> Incidents: ...

    @property
    def triage(self) -> Triage: ...

    @property
    def diagnoses(self) -> Diagnoses: ...

    @property
    def investigations(self) -> Investigations: ...

    @property
    def checks(self) -> Checks: ...

    @property
    def proposals(self) -> Proposals: ...

    @property
    def executions(self) -> Executions: ...

    @property
    def settling(self) -> Settling: ...

    @property
    def streams(self) -> Streams: ...

    @property
    def standing(self) -> Standing: ...

    @property
    def n3(self) -> N3Records: ...

    @property
    def reviews(self) -> Reviews: ...

    @property
    def summaries(self) -> Summaries: ...

    @property
    def posts(self) -> Posts: ...

    @property
    def notices(self) -> Notices: ...

    @property
    def heartbeat(self) -> Heartbeat: ...

    @property
    def beats(self) -> Beats: ...

    @property
    def flow_back(self) -> FlowBack: ...

    @property
    def silences(self) -> Silences: ...

    @property
    def retention(self) -> Retention: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def setbacks(self) -> Setbacks: ...

    @property
    def audit(self) -> Audit: ...

    @property
    def mutes(self) -> Mutes: ...

    @property
    def corrections(self) -> Corrections: ...

    @property
    def regroupings(self) -> Regroupings: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def canaries(self) -> Canaries: ...

    @property
    def library(self) -> Library: ...

    @property
    def gaps(self) -> Gaps: ...

    @property
    def upkeep(self) -> Upkeep: ...

    @property
    def exchanges(self) -> Exchanges: ...

    @property
    def drafts(self) -> Drafts: ...


class Store(Protocol):
    """Opens transactions: `begin` commits when its block ends and rolls back when it raises."""

    def begin(self) -> AbstractContextManager[Tx]: ...

    def read(self) -> AbstractContextManager[Tx]: ...

    def clock(self) -> tuple[datetime, datetime | None]: ...
