"""Figures for Prometheus, read from the rows at each scrape, so that a restart loses none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.proposal import ProposalState
from bot.domain.store import Store


class Metrics(Collector):
    """Collects from the store; no label holds anything that a sender could choose."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._registry = CollectorRegistry()
        self._registry.register(self)

    async def render(self) -> bytes:
        """The text format of Prometheus."""
        return await asyncio.to_thread(generate_latest, self._registry)

    def describe(self) -> list[Metric]:
        """Nothing in advance: registering must not read the store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metric families of this moment."""
        with self._store.read() as tx:
            counted = sorted(tx.alerts.counted().items())
            open_now = len(tx.incidents.open_now())
            waiting = len(tx.proposals.in_states(ProposalState.PROPOSED))
            running = len(tx.proposals.in_states(ProposalState.EXECUTING))
            posts, _ = tx.posts.lag()
            frozen = tx.n3.freeze() is not None
        alerts = CounterMetricFamily(
            "vigie_alerts", "Deliveries by what triage decided.", labels=["decision"]
        )
        for name, value in counted:
            if name.startswith("decided:"):
                alerts.add_metric([name.removeprefix("decided:")], value)
        yield alerts
        refused = CounterMetricFamily("vigie_refused", "Deliveries refused, by reason.", labels=["reason"])
        for name, value in counted:
            if name.startswith("refused:"):
                refused.add_metric([name.removeprefix("refused:")], value)
        yield refused
        yield GaugeMetricFamily("vigie_incidents_open", "Incidents not resolved.", open_now)
        yield GaugeMetricFamily("vigie_proposals_waiting", "Proposals that wait for a signature.", waiting)
        yield GaugeMetricFamily("vigie_executions_running", "Actions running now.", running)
        yield GaugeMetricFamily("vigie_posts_waiting", "Slack messages not sent yet.", posts)
        yield GaugeMetricFamily("vigie_frozen", "1 while execution is frozen.", int(frozen))
