"""A canary takes the way of every alert; where it is lost, people are told, by whichever way works."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.domain.alert import Severity
from bot.domain.incident import Incident
from bot.reach.canary import Canary
from tests.desk import Desk


@contextlib.asynccontextmanager
async def intake(status: int) -> AsyncIterator[str]:
    """Something that listens where the intake should, and answers this."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/alerts/alertmanager", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def broken(desk: Desk) -> Incident:
    with desk.store.read() as tx:
        (incident,) = tx.incidents.open_now()
        newest = tx.canaries.newest()
    assert newest is not None and newest.problem and newest.told_at is None
    return incident


@pytest.mark.fault
@pytest.mark.parametrize("status", [503, 401, 200])
async def test_a_canary_that_is_lost_is_an_incident(tmp_path: Path, status: int) -> None:
    """Refused, or answered well and kept by nobody: critical, told like any other incident, and once."""
    desk = Desk(tmp_path)
    async with intake(status) as url:
        canary = Canary(desk.copilot.canaries, "secret-of-the-intake", 0.3, lambda: url)
        await canary.look()
        await canary.look()
    incident = broken(desk)
    assert incident.severity is Severity.CRITICAL and "alert path" in incident.title
    assert [post.kind for post in desk.posts(f"incident:{incident.id}")] == ["incident"]


@pytest.mark.fault
async def test_an_intake_that_is_gone_is_an_incident_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    async with intake(200) as url:
        gone = url
    await Canary(desk.copilot.canaries, "secret-of-the-intake", 2, lambda: gone).look()
    assert "alert path" in broken(desk).title
