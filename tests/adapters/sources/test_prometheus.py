"""A real Prometheus and a real Alertmanager against a running Vigie: fire, group, repeat, resolve."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.copilot.alerts import Alerts
from bot.domain.incident import Incident
from bot.reach.back import Alertmanager
from bot.reach.flow_back import FlowBack
from bot.store import tables
from bot.triage.decide import Rules
from tests.prometheus import Monitoring, free_port, monitoring
from tests.world import CHANNEL, ON_CALL, World, world

TOKEN = "what-alertmanager-presents"
BACK = """
[sources.alertmanager]
kind = "alertmanager"
token_env = "AM_TOKEN"
[sources.alertmanager.back]
url = "http://127.0.0.1:{}"
"""
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Monitoring]]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    am_port = free_port()
    async with world(folder, config=BACK.format(am_port), environment={"AM_TOKEN": TOKEN}) as vigie:
        url = f"http://127.0.0.1:{vigie.port}/alerts/alertmanager"
        async with monitoring(folder / "monitoring", url, TOKEN, am_port) as monitored:
            yield vigie, monitored


async def incident_of(vigie: World, service: str) -> Incident:
    return await vigie.until(f"an incident of {service}", lambda: vigie.open_incident(service), 40)


def deliveries(vigie: World, service: str, decision: str = "") -> list[dict[str, object]]:
    """The alerts of the service as they were stored."""
    query = sa.select(tables.alerts.c.body, tables.alerts.c.decision).order_by(tables.alerts.c.id)
    rows = vigie.rows(query)
    return [row.body for row in rows if row.body["service"] == service and decision in ("", row.decision)]


async def test_it_fires_groups_repeats_and_resolves(running: tuple[World, Monitoring]) -> None:
    """Two rules of one service are one incident; its repeats are counted; its end ends it, by the source."""
    vigie, monitored = running
    monitored.exporter.values["svc-0"] = 14
    incident = await incident_of(vigie, "svc-0")
    await vigie.until("both alerts", lambda: len({a["name"] for a in deliveries(vigie, "svc-0")}) == 2, 40)
    await vigie.until("repeats", lambda: len(deliveries(vigie, "svc-0")) >= 4, 40)
    card = await vigie.message(f"incident:{incident.id}")
    assert "critical" in card["blocks"][0]["text"]["text"]
    first = deliveries(vigie, "svc-0")[0]
    assert first["origin"]["url"].startswith("http://")  # type: ignore[index]  # JSON
    assert 'service="svc-0"' in first["origin"]["group"]  # type: ignore[index]
    monitored.exporter.values["svc-0"] = 0
    ended = await vigie.until("its end", lambda: _ended(vigie, incident.id), 40)
    assert ended.resolved_by == "source"
    names = {a["name"] for a in deliveries(vigie, "svc-0") if a["status"] == "resolved"}
    assert names == {"OrdersStuck", "OrdersSlow"}
    with vigie.store.read() as tx:
        assert [i.service for i in tx.incidents.open_now()] == []


async def test_the_watchdog_is_a_heartbeat(running: tuple[World, Monitoring]) -> None:
    """It fires all the time, opens nothing, and is seen again and again."""
    vigie, _ = running
    await vigie.until("two heartbeats", lambda: len(_decided(vigie, "heartbeat")) >= 2, 40)
    assert {row.body["name"] for row in _decided(vigie, "heartbeat")} == {"Watchdog"}
    assert not [row for row in _decided(vigie, "opened") if row.body["name"] == "Watchdog"]


def _decided(vigie: World, decision: str) -> list[sa.Row[tuple[object, ...]]]:
    return vigie.rows(sa.select(tables.alerts.c.body).where(tables.alerts.c.decision == decision))


def _ended(vigie: World, incident_id: int) -> Incident | None:
    with vigie.store.read() as tx:
        found = tx.incidents.get(incident_id)
    return found if found is not None and not found.state.is_open else None


async def press(vigie: World, incident: Incident, button: str) -> None:
    card = await vigie.message(f"incident:{incident.id}")
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, card["ts"], button)).ok


async def test_what_people_do_flows_back(running: tuple[World, Monitoring]) -> None:
    """Taken: its alerts are silenced there, once each, for exactly their labels. Resolved: that ends."""
    vigie, monitored = running
    monitored.exporter.values["svc-1"] = 14
    incident = await incident_of(vigie, "svc-1")
    await vigie.until("both alerts", lambda: len({a["name"] for a in deliveries(vigie, "svc-1")}) == 2, 40)
    await press(vigie, incident, "take")
    await vigie.message(f"incident:{incident.id}:back", "silenced at alertmanager until ")
    made = await monitored.silences()
    assert [one["status"]["state"] for one in made] == ["active", "active"]
    matched = [{m["name"]: m["value"] for m in one["matchers"]} for one in made]
    labels = [alert["labels"] for alert in deliveries(vigie, "svc-1")]
    assert all(one in labels for one in matched) and len({one["alertname"] for one in matched}) == 2
    assert all(not m["isRegex"] and m["isEqual"] for one in made for m in one["matchers"])
    await press(vigie, incident, "resolve")
    await vigie.message(f"incident:{incident.id}:back", "no longer silenced at alertmanager")
    assert {one["status"]["state"] for one in await monitored.silences()} == {"expired"}
    monitored.exporter.values["svc-1"] = 0


async def test_the_end_of_what_is_silenced_is_seen(running: tuple[World, Monitoring]) -> None:
    """Alertmanager tells no end of a silenced alert: it is asked, and the incident ends by its source."""
    vigie, monitored = running
    monitored.exporter.values["svc-2"] = 14
    incident = await incident_of(vigie, "svc-2")
    await press(vigie, incident, "take")
    await vigie.message(f"incident:{incident.id}:back", "silenced at alertmanager until ")
    way = Alertmanager("alertmanager", monitored.alertmanager, "", timedelta(hours=1), frozenset())
    alerts = Alerts(vigie.store, Rules(), lambda verb, subject: None)
    watching = FlowBack(vigie.store, [way], alerts.receive, missing_s=1.0)
    await watching.look()
    assert not _ended(vigie, incident.id)
    monitored.exporter.values["svc-2"] = 0
    for _ in range(200):
        await watching.look()
        if ended := _ended(vigie, incident.id):
            break
        await asyncio.sleep(0.2)
    assert ended is not None and ended.resolved_by == "source"
