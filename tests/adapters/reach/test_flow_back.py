"""What people did, told to PagerDuty: a real receiver that speaks its Events API v2, over real rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp import web

from bot.copilot.alerts import Alerts
from bot.copilot.part import resolve
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.incident import IncidentState
from bot.domain.quiet import Regroup
from bot.domain.senders import Deed
from bot.reach.back import Alertmanager, PagerDuty
from bot.reach.flow_back import TOLD_AFTER, FlowBack
from bot.store.database import Store, sqlite_url
from bot.triage.decide import Rules
from tests.prometheus import free_port

PERSON = "T0/U0ONCALL"
BOTH = frozenset({Deed.ACKNOWLEDGE, Deed.RESOLVE})


@dataclass
class Pager:
    """Answers as it is told to, else 202, and keeps what it took."""

    answers: list[int] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    url: str = ""

    async def enqueue(self, request: web.Request) -> web.Response:
        self.asked += 1
        status = self.answers.pop(0) if self.answers else 202
        if status == 202:
            self.taken.append(await request.json())
        return web.json_response({"status": "success"}, status=status)


@dataclass
class Desk:
    """A store with alerts of two sources, and the way back to one of them; the test moves the clock."""

    store: Store
    pager: Pager
    back: FlowBack
    now: list[datetime]

    def fire(self, key: str, source: str = "pd", service: str = "shop") -> int:
        origin = {"dedup_key": key} if key else {}
        alert = Alert(
            source, "Ping", AlertStatus.FIRING, Severity.CRITICAL, service, "", self.now[0],
            labels={"key": key}, origin=origin, identity=key,
        )  # fmt: skip
        (decision,) = Alerts(self.store, Rules(), lambda verb, subject: None).receive([alert])
        with self.store.read() as tx:
            return decision.incident or tx.incidents.open_now()[-1].id

    def take(self, incident_id: int) -> None:
        with self.store.begin() as tx:
            tx.incidents.assign(incident_id, PERSON)

    def resolve(self, incident_id: int, by: str = PERSON) -> None:
        with self.store.begin() as tx:
            resolve(tx, incident_id, by)

    async def look(self, wait_s: float = 0) -> None:
        self.now[0] += timedelta(seconds=wait_s)
        await self.back.look()

    def said(self, incident_id: int) -> str:
        with self.store.read() as tx:
            post = tx.posts.get(f"incident:{incident_id}:back")
        return f"{post.content['text']} {post.content['foreign']}" if post and post.content else ""


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    pager, now = Pager(), [datetime(2026, 3, 1, tzinfo=UTC)]
    app = web.Application()
    app.router.add_post("/v2/enqueue", pager.enqueue)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pager.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"), lambda: now[0])
    back = FlowBack(store, [PagerDuty("pd", pager.url, "R0UTING", BOTH)], lambda alerts: None)
    yield Desk(store, pager, back, now)
    store.close()
    await runner.cleanup()


def events(desk: Desk) -> list[tuple[str, str]]:
    assert all(one["routing_key"] == "R0UTING" for one in desk.pager.taken)
    return [(one["event_action"], one["dedup_key"]) for one in desk.pager.taken]


async def test_each_deed_is_told_once_for_each_alert(desk: Desk) -> None:
    """Taken, then resolved by a person: an event for each key, however often it is looked, and told."""
    incident = desk.fire("a")
    desk.fire("b")
    await desk.look()
    assert events(desk) == []
    desk.take(incident)
    for _ in range(3):
        await desk.look()
    assert events(desk) == [("acknowledge", "a"), ("acknowledge", "b")]
    assert "acknowledged at pd" in desk.said(incident)
    desk.resolve(incident)
    for _ in range(3):
        await desk.look()
    assert events(desk)[2:] == [("resolve", "a"), ("resolve", "b")]
    with desk.store.read() as tx:
        assert [e.action for e in tx.audit.events()].count("told pd") == 2


async def test_what_joins_later_is_acknowledged_too_and_alone(desk: Desk) -> None:
    """It pages until it is: an event for it, once, and none again for what is acknowledged already."""
    incident = desk.fire("j1")
    desk.fire("j2")
    desk.take(incident)
    await desk.look()
    for key in ("j3", "j3"):  # the second time it only repeats
        desk.now[0] += timedelta(seconds=1)
        assert desk.fire(key) == incident
        await desk.look()
        await desk.look(1)
    assert events(desk) == [("acknowledge", key) for key in ("j1", "j2", "j3")]
    with desk.store.read() as tx:
        assert [e.action for e in tx.audit.events()].count("told pd") == 2
        assert tx.flow_back.of_incident(incident)[0].remote == ("j1", "j2", "j3")
        assert tx.flow_back.waiting() == {"pd": 0}


async def test_what_joins_while_the_source_is_away_waits_with_the_rest(desk: Desk) -> None:
    """It is tried again; people hear that not all is acknowledged, and then that it is."""
    incident = desk.fire("a")
    desk.take(incident)
    await desk.look()
    desk.pager.answers = [500] * TOLD_AFTER
    desk.now[0] += timedelta(seconds=1)
    desk.fire("b")
    await desk.look()
    assert desk.fire("c") == incident
    for _ in range(TOLD_AFTER - 1):
        await desk.look(180)
    assert "*not yet* all acknowledged at pd" in desk.said(incident)
    await desk.look(180)
    assert events(desk) == [("acknowledge", key) for key in "abc"]
    assert desk.said(incident).strip() == ":arrow_right_hook: This incident: acknowledged at pd."


async def test_what_another_incident_brings_along_is_acknowledged(desk: Desk) -> None:
    """Its alerts began before anybody took the one that it became part of; nothing is over with that."""
    other = desk.fire("b", service="mail")
    desk.now[0] += timedelta(hours=2)
    incident = desk.fire("a")
    desk.take(incident)
    await desk.look()
    desk.now[0] += timedelta(seconds=1)
    desk.take(other)
    await desk.look()
    with desk.store.begin() as tx:
        moved = tx.regroupings.fingerprints(other)
        tx.regroupings.move(moved, other, incident)
        tx.triage.retie(moved, incident)
        tx.regroupings.add(Regroup.MERGED, other, incident, moved, "triggered", PERSON)
        tx.incidents.move(other, IncidentState.RESOLVED, f"merged:{incident}")
    await desk.look()
    await desk.look(1)
    assert events(desk) == [("acknowledge", key) for key in "abb"]
    assert "resolved" not in desk.said(other)


async def test_only_what_was_sent_is_said(desk: Desk) -> None:
    """Of three sources with a way back, those without an alert in the incident are not told, nor named."""
    here, there = (PagerDuty(name, desk.pager.url, "R0UTING", BOTH) for name in ("pd", "there"))
    silent = Alertmanager("am", f"http://127.0.0.1:{free_port()}", "", timedelta(hours=1), BOTH)
    every = FlowBack(desk.store, [here, there, silent], lambda alerts: None)
    incident = desk.fire("a")
    desk.take(incident)
    await every.look()
    desk.resolve(incident)
    await every.look()
    assert events(desk) == [("acknowledge", "a"), ("resolve", "a")]
    assert desk.said(incident).strip() == ":arrow_right_hook: This incident: resolved at pd."
    with desk.store.read() as tx:
        assert {e.action for e in tx.audit.events() if "told" in e.action} == {"told pd"}


async def test_what_the_source_ended_itself_is_not_told_to_it(desk: Desk) -> None:
    """Nor is anything of alerts that came from elsewhere."""
    incident = desk.fire("a")
    desk.resolve(incident, "source")
    other = desk.fire("", source="alertmanager", service="mail")
    desk.take(other)
    desk.resolve(other)
    await desk.look()
    assert desk.pager.asked == 0
    assert desk.said(other) == ""


async def test_a_source_that_is_away_is_tried_again_and_the_trouble_is_told(desk: Desk) -> None:
    """5xx and 429 wait, longer each time; people hear after a few; once it is taken they hear that."""
    desk.pager.answers = [500, 429, 503]
    incident = desk.fire("a")
    desk.take(incident)
    for number in range(TOLD_AFTER):
        await desk.look()
        await desk.look()  # not before its time
        assert desk.pager.asked == number + 1
        desk.now[0] += timedelta(minutes=3)
    assert "*not yet* acknowledged at pd" in desk.said(incident) and "It answers 503." in desk.said(incident)
    await desk.look()
    assert events(desk) == [("acknowledge", "a")]
    assert desk.said(incident).strip() == ":arrow_right_hook: This incident: acknowledged at pd."


async def test_a_source_that_refuses_is_told_by_hand(desk: Desk) -> None:
    """4xx is not tried again; the thread says what to do and what to look at."""
    desk.pager.answers = [400]
    incident = desk.fire("a")
    desk.take(incident)
    await desk.look()
    await desk.look(3600)
    assert desk.pager.asked == 1
    assert "do it there by hand" in desk.said(incident) and "token_env" in desk.said(incident)


async def test_an_acknowledgement_that_comes_too_late_is_dropped(desk: Desk) -> None:
    """The source was away until the incident was over: only its end is told."""
    desk.pager.answers = [500]
    incident = desk.fire("a")
    desk.take(incident)
    await desk.look()
    desk.resolve(incident)
    await desk.look(60)
    assert events(desk) == [("resolve", "a")]
    assert desk.said(incident).strip() == ":arrow_right_hook: This incident: resolved at pd."


async def test_one_that_hangs_holds_up_no_other(desk: Desk, tmp_path: Path) -> None:
    """A source that nobody answers for, beside one that does."""
    nobody = Alertmanager("am", f"http://127.0.0.1:{free_port()}", "", timedelta(hours=1), BOTH)
    both = FlowBack(desk.store, [nobody, PagerDuty("pd", desk.pager.url, "R0UTING", BOTH)], lambda a: None)
    incident = desk.fire("a")
    desk.fire("b", source="am")
    desk.take(incident)
    await both.look()
    assert events(desk) == [("acknowledge", "a")]
    with desk.store.read() as tx:
        assert [b.problem for b in tx.flow_back.unsettled("am")] == [
            "It does not answer: ClientConnectorError."
        ]
        assert tx.flow_back.waiting() == {"am": 1, "pd": 0}
