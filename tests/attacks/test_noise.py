"""Groups O and J, and P15 to P17: what noise may hide, and what it may not, through the real intake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.incident import IncidentState
from bot.store import tables
from bot.store.triage_tables import triage_traces
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELD = "[noise]\nhold_minutes = 0.05\n[topology]\ncalls = ['front: back', 'alone: nothing']\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Alerts that are not critical are held for three seconds; `front` calls `back`."""
    async with world(tmp_path_factory.mktemp("noise"), config=HELD) as made:
        yield made


def where(vigie: World, service: str) -> list[tuple[Any, ...]]:
    """(incident, decision, told_at) of each delivery of a service, in order."""
    a = tables.alerts.c
    rows = vigie.rows(sa.select(a.incident_id, a.decision, a.told_at, a.body).order_by(a.id))
    return [tuple(row[:3]) for row in rows if row[3]["service"] == service]


def state(vigie: World, number: int) -> IncidentState:
    with vigie.store.read() as tx:
        incident = tx.incidents.get(number)
    assert incident is not None
    return incident.state


@pytest.mark.attack("J9")
async def test_separators_make_no_two_alerts_one(vigie: World) -> None:
    """Whatever stands in names and labels, alerts that differ have series of their own."""
    crafted = [
        {"a": "1", "b": "2"},
        {"a": "1,b=2"},
        {"a": "1\x1fb\x1f2"},
        {"a=1,b": "2"},
        {"a": "", "b": "1,2"},
    ]
    for labels in crafted:
        assert await vigie.fire(vigie.alert("crafted", name="Crafted", labels=labels)) != ["duplicate"]
    assert await vigie.fire(vigie.alert("crafted", name="Crafted", labels=crafted[0])) == ["duplicate"]


@pytest.mark.attack("O5")
@pytest.mark.attack("O3")
@pytest.mark.attack("O1")
async def test_a_storm_hides_no_critical_alert_and_no_second_fault(vigie: World) -> None:
    """A critical alert shaped like those absorbed breaks through; another fault opens its own."""
    assert await vigie.fire(vigie.alert("back", name="BackDown")) == ["opened"]
    storm = [vigie.alert("back", name="BackDown", labels={"pod": f"back-{n}"}) for n in range(40)]
    assert set(await vigie.fire(*storm)) == {"joined"}
    quiet = vigie.alert("front", name="FrontSlow", severity="warning", labels={"pod": "front-1"})
    assert await vigie.fire(quiet) == ["joined"]
    assert await vigie.fire(vigie.alert("front", name="FrontSlow", labels={"pod": "front-2"})) == ["joined"]
    assert await vigie.fire(vigie.alert("alone", name="AloneDown")) == ["opened"]
    (first, _, told), *rest = where(vigie, "back")
    assert told and not any(at for _, _, at in rest)
    assert {number for number, _, _ in rest} == {first}
    (_, _, untold), (number, _, at) = where(vigie, "front")
    assert (untold, number) == (None, first) and at
    ((own, _, at),) = where(vigie, "alone")
    assert own != first and at
    news = [key for key in await _keys(vigie) if key.startswith(f"incident:{first}:news:")]
    assert len(news) == 1


async def _keys(vigie: World) -> list[str]:
    await vigie.until("told", lambda: any(":news:" in key for key in vigie.posted()))
    return vigie.posted()


@pytest.mark.attack("O4")
async def test_what_flaps_is_one_incident_and_tells_nobody(vigie: World) -> None:
    """It begins and ends five times: one incident, damped, the count in the reason, no message."""
    for _ in range(5):
        one = vigie.alert("flapper", name="Flaps", severity="warning")
        await vigie.fire(one)
        await vigie.fire({**one, "status": "resolved"})
    rows = [row for row in where(vigie, "flapper") if row[1] != "resolved"]
    assert [decision for _, decision, _ in rows] == ["held", "held", "flapping", "flapping", "flapping"]
    assert len({number for number, _, _ in rows}) == 1
    assert not any(at for _, _, at in rows)
    assert f"incident:{rows[0][0]}" not in vigie.posted()


@pytest.mark.attack("O6")
@pytest.mark.attack("P17")
async def test_a_wrong_clock_and_changed_numbers_make_no_new_alert(vigie: World) -> None:
    """Dated to another year, with another number in its text and in a label that measures: a repeat."""
    one = vigie.alert("clock", name="Full", labels={"value": "91.5"}, summary="91.5 % full")
    other = vigie.alert("clock", name="Full", labels={"value": "93.2"}, summary="93.2 % full")
    for skewed in (one, other):
        skewed["startsAt"] = "2031-01-01T00:00:00Z"
    assert await vigie.fire(one) == ["opened"]
    assert await vigie.fire(other) == ["duplicate"]


@pytest.mark.attack("P15")
@pytest.mark.attack("P16")
async def test_a_resolved_incident_swallows_nothing_and_a_race_makes_one(vigie: World) -> None:
    """Two at one moment on one service are one incident; after its end the same alert opens a linked one."""
    one, two = (vigie.alert("racer", name="Racing", labels={"pod": pod}) for pod in ("racer-a", "racer-b"))
    await asyncio.gather(vigie.fire(one), vigie.fire(two))
    numbers = {number for number, _, _ in where(vigie, "racer")}
    assert len(numbers) == 1
    (old,) = numbers
    await vigie.fire({**one, "status": "resolved"}, {**two, "status": "resolved"})
    assert not state(vigie, old).is_open
    assert await vigie.fire(vigie.alert("racer", name="Racing", labels={"pod": "racer-a"})) == ["opened"]
    new, _, told = where(vigie, "racer")[-1]
    with vigie.store.read() as tx:
        incident = tx.incidents.get(new)
    assert incident is not None and incident.previous == old and told


async def test_what_is_held_is_told_when_it_stays_and_not_when_it_clears(vigie: World) -> None:
    """Three seconds later its card stands in Slack, from the sweep alone."""
    stays = vigie.alert("stays", name="Stays", severity="warning")
    clears = vigie.alert("clears", name="Clears", severity="warning")
    assert await vigie.fire(stays) == ["held"]
    assert await vigie.fire(clears) == ["held"]
    await vigie.fire({**clears, "status": "resolved"})
    ((number, _, told),) = where(vigie, "stays")
    assert told is None and f"incident:{number}" not in vigie.posted()
    await vigie.message(f"incident:{number}")
    assert where(vigie, "stays")[0][2] is not None
    assert f"incident:{where(vigie, 'clears')[0][0]}" not in vigie.posted()


@pytest.mark.attack("J7")
async def test_thousands_of_label_sets_are_all_kept_in_few_incidents(vigie: World) -> None:
    """Each delivery has its row and decision; one incident takes them and remembers 256 places at most."""
    for part in range(4):
        flood = [vigie.alert("flood", name="Flood", labels={"pod": f"flood-{part}-{n}"}) for n in range(250)]
        assert len(await vigie.fire(*flood)) == 250
    rows = where(vigie, "flood")
    assert len(rows) == 1000
    assert len({number for number, _, _ in rows}) == 1
    kept = sa.select(sa.func.count()).where(triage_traces.c.incident_id == rows[0][0])
    assert vigie.rows(kept)[0][0] <= 256
