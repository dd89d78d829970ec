"""A real Prometheus and a real Alertmanager against a running Vigie: fire, group, repeat, resolve."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.incident import Incident
from bot.store import tables
from tests.prometheus import Monitoring, monitoring
from tests.world import World, world

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, Monitoring]]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    async with world(folder) as vigie:
        url = f"http://127.0.0.1:{vigie.port}/alerts/alertmanager"
        async with monitoring(folder / "monitoring", url, vigie.token) as monitored:
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
