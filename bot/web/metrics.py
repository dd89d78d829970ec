"""Figures for Prometheus, read from the rows at each scrape, so that a restart loses none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.proposal import ProposalState
from bot.domain.quiet import Canary
from bot.domain.records import Beat, WayState
from bot.domain.senders import SeenBeat
from bot.domain.spending import Spent
from bot.domain.store import Store
from bot.triage.corrections import ABSORBING


class Metrics(Collector):
    """Collects from the store; no label holds anything that a sender could choose."""

    def __init__(
        self,
        store: Store,
        trouble: Callable[[], Awaitable[str]] | None = None,
        ways: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._trouble = trouble
        self._ways = ways
        self._connected: bool | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)

    async def render(self) -> bytes:
        """The text format of Prometheus."""
        if self._trouble is not None:
            self._connected = not await self._trouble()
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
            posts, oldest = tx.posts.lag()
            frozen = tx.n3.freeze() is not None
            ways = {name: WayState() for name in self._ways} | tx.notices.states()
            beat = tx.heartbeat.last()
            seen, back = tx.beats.all(), tx.flow_back.waiting()
            models = tx.exchanges.totals()
            canary, muting = tx.canaries.last_told(), len(tx.mutes.in_force())
        yield from _senders(seen, back)
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
        unshown = CounterMetricFamily(
            "vigie_posts_refused", "Messages that Slack refused as they were, by its code.", labels=["code"]
        )
        for name, value in counted:
            if name.startswith("slack_refused:"):
                unshown.add_metric([name.removeprefix("slack_refused:")], value)
        yield unshown
        yield from _reach(ways, beat)
        yield from _models(models)
        yield from _quiet(dict(counted), canary, muting)
        if self._connected is not None:
            connected = int(self._connected)
            yield GaugeMetricFamily(
                "vigie_slack_connected", "1 while Slack and Vigie are connected.", connected
            )
        since = oldest.timestamp() if oldest and posts else 0
        yield GaugeMetricFamily(
            "vigie_posts_oldest_timestamp_seconds",
            "Since when the oldest message waits; 0: none does.",
            since,
        )
        yield GaugeMetricFamily("vigie_incidents_open", "Incidents not resolved.", open_now)
        yield GaugeMetricFamily("vigie_proposals_waiting", "Proposals that wait for a signature.", waiting)
        yield GaugeMetricFamily("vigie_executions_running", "Actions running now.", running)
        yield GaugeMetricFamily("vigie_posts_waiting", "Slack messages not sent yet.", posts)
        yield GaugeMetricFamily("vigie_frozen", "1 while execution is frozen.", int(frozen))


def _senders(seen: Sequence[SeenBeat], back: Mapping[str, int]) -> Iterator[Metric]:
    """Heartbeats of senders by the names in vigie.toml, and what waits to flow back, where there is any."""
    if seen:
        last = GaugeMetricFamily(
            "vigie_heartbeat_seen_timestamp_seconds",
            "When the one that waits longest was seen.",
            labels=["name"],
        )
        for name in sorted({beat.name for beat in seen}):
            last.add_metric([name], min(beat.last_at.timestamp() for beat in seen if beat.name == name))
        yield last
    if back:
        waiting = GaugeMetricFamily(
            "vigie_flow_back_waiting", "Deeds that a source was not told of yet.", labels=["source"]
        )
        for source, count in sorted(back.items()):
            waiting.add_metric([source], count)
        yield waiting


def _models(totals: Mapping[tuple[str, str], tuple[int, Spent]]) -> Iterator[Metric]:
    """What models were asked and what they used, by the names that vigie.toml gives them."""
    calls = CounterMetricFamily("vigie_model_calls", "Calls of models.", labels=["provider", "state"])
    tokens = CounterMetricFamily("vigie_model_tokens", "Tokens of models, both ways.", labels=["provider"])
    money = CounterMetricFamily("vigie_model_cost", "What they cost by your prices.", labels=["provider"])
    seconds = CounterMetricFamily("vigie_model_seconds", "Time that models took.", labels=["provider"])
    sums: dict[str, Spent] = {}
    for (provider, state), (count, spent) in sorted(totals.items()):
        calls.add_metric([provider, state], count)
        sums[provider] = sums.get(provider, Spent()) + spent
    for provider, spent in sums.items():
        tokens.add_metric([provider], spent.tokens)
        money.add_metric([provider], spent.money)
        seconds.add_metric([provider], spent.seconds)
    if totals:
        yield from (calls, tokens, money, seconds)


def _quiet(counted: Mapping[str, float], canary: Canary | None, muting: int) -> Iterator[Metric]:
    """Mutes in force, what people said should have paged, and canaries."""
    yield GaugeMetricFamily("vigie_mutes_in_force", "Maintenance windows that mute now.", muting)
    wrong = CounterMetricFamily(
        "vigie_should_have_paged",
        "Absorbed alerts of which people said so, by decision.",
        labels=["decision"],
    )
    for kind in ABSORBING:
        wrong.add_metric([kind.value], counted.get(f"corrected:{kind.value}", 0))
    yield wrong
    missed = counted.get("canary:missed", 0)
    yield CounterMetricFamily("vigie_canary_missed", "Canaries that did not come through.", missed)
    if canary is not None and canary.told_at is not None and canary.latency is not None:
        at, took = canary.told_at.timestamp(), canary.latency.total_seconds()
        yield GaugeMetricFamily("vigie_canary_success_timestamp_seconds", "When one last came through.", at)
        yield GaugeMetricFamily("vigie_canary_latency_seconds", "From its sender to Slack.", took)


def _reach(ways: Mapping[str, WayState], beat: Beat | None) -> Iterator[Metric]:
    """The second ways out and the outgoing heartbeat."""
    waiting = GaugeMetricFamily("vigie_second_way_waiting", "Notices not taken yet.", labels=["way"])
    oldest = GaugeMetricFamily(
        "vigie_second_way_oldest_timestamp_seconds", "Since when the oldest waits; 0: none.", labels=["way"]
    )
    sent = CounterMetricFamily("vigie_second_way_sent", "Notices that were taken.", labels=["way"])
    for name, state in sorted(ways.items()):
        waiting.add_metric([name], state.waiting)
        oldest.add_metric([name], state.oldest.timestamp() if state.oldest else 0)
        sent.add_metric([name], state.sent)
    yield from (waiting, oldest, sent)
    if beat is not None and beat.sent_at is not None:
        at = beat.sent_at.timestamp()
        yield GaugeMetricFamily("vigie_heartbeat_out_timestamp_seconds", "When the last one was taken.", at)
