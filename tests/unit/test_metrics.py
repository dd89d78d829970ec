"""Metrics are read from the rows at each scrape, and hold nothing that a sender could choose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.records import News
from bot.domain.spending import ANSWERED, Purpose, Reserve, Settled, Spent
from bot.store.database import Store, sqlite_url
from bot.triage.corrections import ABSORBING
from bot.web.metrics import Metrics
from tests.desk import AT_ONCE

HOSTILE = 'x"} evil{a="\n# HELP'
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    yield opened
    opened.close()


async def scrape(store: Store) -> dict[tuple[str, str], float]:
    """Each sample by its name and its label's value."""
    text = (await Metrics(store).render()).decode()
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def receive(store: Store, *names: str, status: AlertStatus = AlertStatus.FIRING) -> None:
    alerts = Alerts(store, AT_ONCE, lambda verb, subject: None)
    alerts.receive(
        [
            Alert("alertmanager", name, status, Severity.CRITICAL, name, "production", NOW, summary=HOSTILE)
            for name in names
        ]
    )


async def test_an_empty_store_says_zero(store: Store) -> None:
    """Every gauge is there from the first scrape on, so that an absence means trouble."""
    found = await scrape(store)
    names = ["incidents_open", "proposals_waiting", "executions_running", "posts_waiting", "frozen"]
    names += ["posts_oldest_timestamp_seconds"]
    names += ["mutes_in_force", "canary_missed_total"]
    wrong = {("vigie_should_have_paged_total", kind.value): 0 for kind in ABSORBING}
    assert found == {(f"vigie_{name}", ""): 0 for name in names} | wrong


async def test_the_figures_are_those_of_the_rows(store: Store) -> None:
    """Deliveries by decision, refusals by reason, what is open, what waits, the freeze."""
    receive(store, "A", "B", "A", "Watchdog")
    receive(store, "B", status=AlertStatus.RESOLVED)
    Alerts(store, AT_ONCE, lambda verb, subject: None).count_refused("too large")
    with store.begin() as tx:
        tx.n3.set_freeze("vigie", "")
        waiting = tx.posts.lag()[0]
    found = await scrape(store)
    decisions = {label: value for (name, label), value in found.items() if name == "vigie_alerts_total"}
    assert decisions == {"opened": 2, "duplicate": 1, "heartbeat": 1, "resolved": 1}
    assert found["vigie_refused_total", "too large"] == 1
    assert found["vigie_incidents_open", ""] == 1
    assert found["vigie_posts_waiting", ""] == waiting == 2
    assert found["vigie_frozen", ""] == 1


async def test_how_people_are_reached_is_there(store: Store) -> None:
    """Slack, both second ways from the start on, the heartbeat, and what Slack refused by its code."""
    receive(store, "A", "B")
    with store.begin() as tx:
        for way in ("webhook", "e-mail"):
            tx.notices.want(1, News.OPENED, Severity.CRITICAL, way, "Slack is down")
        (notice,) = tx.notices.unsent("webhook")
        tx.notices.sent(notice, NOW, over=False)
        tx.heartbeat.tried("")
        tx.heartbeat.sent()
        tx.alerts.count("slack_refused:invalid_blocks", 2)
        beat, oldest = tx.now.timestamp(), tx.now.timestamp()

    async def trouble() -> str:
        return "revoked"

    text = (await Metrics(store, trouble, ["webhook", "e-mail", "another"]).render()).decode()
    found = {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found["vigie_slack_connected", ""] == 0
    assert [found["vigie_second_way_waiting", w] for w in ("webhook", "e-mail", "another")] == [0, 1, 0]
    assert [found["vigie_second_way_sent_total", w] for w in ("webhook", "e-mail", "another")] == [1, 0, 0]
    assert found["vigie_second_way_oldest_timestamp_seconds", "e-mail"] == pytest.approx(oldest)
    assert found["vigie_heartbeat_out_timestamp_seconds", ""] == pytest.approx(beat)
    assert found["vigie_posts_refused_total", "invalid_blocks"] == 2
    assert 0 < found["vigie_posts_oldest_timestamp_seconds", ""] <= oldest


async def test_a_restart_loses_nothing(store: Store, tmp_path: Path) -> None:
    """Another process that opens the store says the same."""
    receive(store, "A", "B")
    before = await scrape(store)
    again = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    assert await scrape(again) == before
    again.close()


async def test_no_sender_can_add_a_label_or_a_line(store: Store) -> None:
    """Names, services and texts of alerts appear nowhere, so that nobody can blow up or forge a series."""
    receive(store, HOSTILE, "Another")
    text = (await Metrics(store).render()).decode()
    assert "evil" not in text
    assert "Another" not in text


async def test_models_are_counted_by_provider(store: Store) -> None:
    """Calls by how they ended; tokens, cost and time of each provider."""
    with store.begin() as tx:
        made = Reserve(Purpose("diagnose"), "main", "large", Spent(900, 0.5, 20), "EUR", "")
        tx.exchanges.settle(tx.exchanges.reserve(made), Settled(ANSWERED, 100, 50, 0.25, 1.5))
        tx.exchanges.reserve(made, "over")
    found = await scrape(store)
    assert found["vigie_model_tokens_total", "main"] == 150
    assert found["vigie_model_cost_total", "main"] == 0.25
    assert found["vigie_model_seconds_total", "main"] == 1.5
    assert found["vigie_model_calls_total", "main"] == 1
