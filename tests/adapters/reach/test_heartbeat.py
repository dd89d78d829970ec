"""The outgoing heartbeat: sent while all is well, withheld when it is not, and it says how Slack is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import web

from bot.domain.records import Beat
from bot.reach.heartbeat import STUCK_S, Heartbeat, NotWell, content
from bot.store.database import Store, sqlite_url
from tests.receivers import Hook, hook


@dataclass
class Patient:
    """A heartbeat over a real store, a server that stands for Vigie's own, and the switch that listens."""

    store: Store
    heart: Heartbeat
    switch: Hook
    idle: list[float]
    statuses: list[int]

    def last(self) -> Beat | None:
        with self.store.read() as tx:
            return tx.heartbeat.last()


@pytest_asyncio.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Patient]:
    statuses: list[int] = []

    async def health(request: web.Request) -> web.Response:
        seen = {"slack": "SLACK_BOT_TOKEN was revoked", "messages_waiting": 3, "knowledge": {"documents": 7}}
        return web.json_response(seen, status=statuses[0] if statuses else 200)

    app = web.Application()
    app.add_routes([web.get("/health", health)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    own = f"http://127.0.0.1:{runner.addresses[0][1]}"
    store, idle = Store.open(sqlite_url(tmp_path / "vigie.sqlite")), [0.0]
    async with hook() as switch:
        heart = Heartbeat(store, switch.url, 60, lambda: idle[0], lambda: own)
        yield Patient(store, heart, switch, idle, statuses)
    await runner.cleanup()
    store.close()


async def test_it_says_that_vigie_is_well_and_how_slack_is(patient: Patient) -> None:
    """Slack being away stops nothing, as people are told otherwise; the body says so. The row says when."""
    await patient.heart.beat()
    (body,) = patient.switch.bodies
    assert (body["status"], body["slack"]) == ("well", "SLACK_BOT_TOKEN was revoked")
    assert body["messages_waiting"] == 3
    assert "knowledge" not in body
    last = patient.last()
    assert last is not None and last.sent_at is not None and last.problem == ""


async def test_a_stuck_sweep_withholds_it(patient: Patient) -> None:
    """And the row says why; once the sweep goes on, so does the heartbeat."""
    patient.idle[0] = STUCK_S + 0.1
    with pytest.raises(NotWell, match="sweep"):
        await patient.heart.beat()
    assert patient.switch.taken == []
    last = patient.last()
    assert last is not None and "sweep" in last.problem and last.sent_at is None
    patient.idle[0] = STUCK_S
    await patient.heart.beat()
    assert len(patient.switch.taken) == 1


async def test_a_store_that_takes_nothing_withholds_it(patient: Patient) -> None:
    """A row is written before each heartbeat: a full or broken disk shows there."""
    full = "CREATE TRIGGER full BEFORE INSERT ON heartbeat_out BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    with patient.store._engine.begin() as connection:
        connection.exec_driver_sql(full)
    with pytest.raises(sa.exc.DatabaseError, match="disk is full"):
        await patient.heart.beat()
    assert patient.switch.taken == []


async def test_an_intake_that_does_not_answer_withholds_it(patient: Patient) -> None:
    """It is asked over its own socket, as senders ask it."""
    patient.statuses.append(500)
    with pytest.raises(NotWell, match="/health answers 500"):
        await patient.heart.beat()
    gone = Heartbeat(patient.store, patient.switch.url, 60, lambda: 0.0, lambda: "http://127.0.0.1:9")
    with pytest.raises(NotWell, match="does not answer"):
        await gone.beat()
    assert patient.switch.taken == []


async def test_a_switch_that_is_away_is_said(patient: Patient) -> None:
    """In the row, which /health shows; the loop goes on and the log says it."""
    patient.switch.statuses = [503]
    await patient.heart.look()
    last = patient.last()
    assert last is not None and last.problem == "heartbeat_out.url answers 503."
    await patient.switch.stop()
    await patient.heart.look()
    last = patient.last()
    assert last is not None and "does not answer" in last.problem
    await patient.switch.start()
    await patient.heart.look()
    assert len(patient.switch.taken) == 1


def test_an_alertmanager_gets_an_alert_that_ends_by_itself() -> None:
    """By the end of its path; three missed heartbeats and it is over."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    said: Any = content("http://am.internal:9093/api/v2/alerts", {"slack": "connected"}, 60, now)
    (alert,) = said
    assert alert["labels"]["alertname"] == "VigieHeartbeat"
    assert alert["annotations"]["slack"] == "connected"
    assert datetime.fromisoformat(alert["endsAt"]) - now == timedelta(minutes=3)


async def test_an_address_that_leads_elsewhere_is_no_heartbeat(patient: Patient) -> None:
    """What follows a redirect is a page read, not a heartbeat taken; the row says what to name instead."""
    patient.switch.statuses.append(302)
    with pytest.raises(NotWell, match=r"302.*leads to"):
        await patient.heart.beat()
    last = patient.last()
    assert last is not None and last.sent_at is None
