"""Mutes, told to a real Alertmanager: silent there as long as they are in force, and no longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from bot.copilot.mute_notes import card_key
from bot.domain.alert import Alert, AlertStatus, Decision, Kind, Severity
from bot.domain.mute import Matcher, MuteDraft, MuteOrigin
from bot.domain.noise import Delivery
from bot.reach.back import Alertmanager, NeverTaken
from bot.reach.flow_back import TOLD_AFTER
from bot.reach.silences import Silences, Silent
from bot.reach.way import NotTaken
from bot.store.database import Store, sqlite_url
from tests.prometheus import alertmanager_alone

WORDS = {word: Severity.known(word) or Severity.WARNING for word in {*Severity.words(), ""}}


class Shaky(Alertmanager):
    """The real one, behind a line that loses answers or refuses, as it is told."""

    trouble: list[NotTaken]

    async def mute(self, *given: Any) -> None:  # noqa: ANN401
        await super().mute(*given)
        if self.trouble:
            raise self.trouble.pop()


@dataclass
class Desk:
    store: Store
    way: Shaky
    silences: Silences
    url: str
    ahead: list[timedelta]

    def mute(self, *matchers: Matcher, critical: bool = False) -> int:
        with self.store.begin() as tx:
            draft = MuteDraft(
                f"k{matchers}", MuteOrigin.PERSON, matchers, critical, "a test", "T/U", tx.now,
                tx.now + timedelta(hours=1),
            )  # fmt: skip
            return tx.mutes.draft(draft, confirmed=True)[0].id

    async def fire(self, **labels: str) -> None:
        async with aiohttp.ClientSession() as session:
            await session.post(f"{self.url}/api/v2/alerts", json=[{"labels": labels}])

    async def silent(self) -> set[str]:
        """The alerts that Alertmanager keeps silent now, by their names."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            return {a["labels"]["alertname"] for a in await answer.json() if a["status"]["silencedBy"]}

    async def ends(self) -> list[str]:
        """When the silences that hold end."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/silences") as answer:
            return [one["endsAt"] for one in await answer.json() if one["status"]["state"] == "active"]

    def said(self, mute_id: int) -> str:
        with self.store.read() as tx:
            post = tx.posts.get(f"{card_key(mute_id)}:back")
        return f"{post.content['text']} {post.content['foreign']}" if post and post.content else ""


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    ahead = [timedelta()]
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"), lambda: datetime.now(UTC) + ahead[0])
    async with alertmanager_alone(tmp_path / "am") as url:
        way = Shaky("am", url, "", timedelta(hours=1), frozenset())
        way.trouble = []
        yield Desk(store, way, Silences(store, [Silent(way, WORDS)], {"Watchdog"}), url, ahead)
    store.close()


async def test_a_mute_is_a_silence_as_long_as_it_is_in_force(desk: Desk) -> None:
    """Of what it fits, never of a critical alert or a heartbeat; longer when extended; gone at the end."""
    for name, severity in (("Slow", "warning"), ("Down", "critical"), ("Odd", "sev-9"), ("Watchdog", "none")):
        await desk.fire(alertname=name, service="shop", severity=severity)
    await desk.fire(alertname="Bare", service="shop")
    await desk.fire(alertname="Else", service="mail", severity="warning")
    mute = desk.mute(Matcher("service", "sh.p", is_pattern=True))
    for _ in range(2):
        await desk.silences.look()
    assert await desk.silent() == {"Slow", "Bare"}
    assert len(await desk.ends()) == 1
    assert "silenced at am until" in desk.said(mute)
    with desk.store.begin() as tx:
        tx.mutes.move_end(mute, tx.now + timedelta(hours=5))
    before = await desk.ends()
    await desk.silences.look()
    assert len(before) == 1 and before < await desk.ends()
    with desk.store.begin() as tx:
        tx.mutes.end(mute, "T/U")
    for _ in range(2):
        await desk.silences.look()
    assert await desk.silent() == set() and await desk.ends() == []
    assert "no longer silenced at am" in desk.said(mute)
    with desk.store.read() as tx:
        told = [e.action for e in tx.audit.events()]
    assert told == ["silenced at am", "silenced at am", "no longer silenced at am"]


async def test_a_lost_answer_makes_no_second_silence(desk: Desk) -> None:
    """It was made, and nobody heard so: the next try finds it. People hear of the trouble after a few."""
    mute = desk.mute(Matcher("name", "Slow"), critical=True)
    desk.way.trouble = [NotTaken("It does not answer.")] * TOLD_AFTER
    for _ in range(TOLD_AFTER):
        assert desk.said(mute) == ""
        await desk.silences.look()
        await desk.silences.look()  # not before its time
        desk.ahead[0] += timedelta(seconds=40)
    assert "*not yet* told to am" in desk.said(mute) and "It does not answer." in desk.said(mute)
    await desk.silences.look()
    assert len(await desk.ends()) == 1 and "*not" not in desk.said(mute)


async def test_what_is_refused_for_good_is_told_and_left(desk: Desk) -> None:
    """The mute keeps quiet what the source then sends, so nothing else has to be done."""
    mute = desk.mute(Matcher("name", "Slow"))
    desk.way.trouble = [NeverTaken("It answers 400.")]
    for _ in range(3):
        await desk.silences.look()
    assert "*not* told to am" in desk.said(mute) and "It answers 400." in desk.said(mute)


async def test_what_should_have_paged_is_silenced_no_longer(desk: Desk) -> None:
    """Who says so of an alert that a mute kept quiet wants to hear it the next time, from the source too."""
    mute = desk.mute(Matcher("name", "Slow"))
    desk.mute(Matcher("name", "Else"))
    await desk.silences.look()
    assert len(await desk.ends()) == 2
    alert = Alert("am", "Slow", AlertStatus.FIRING, Severity.WARNING, "shop", "", datetime.now(UTC))
    with desk.store.begin() as tx:
        muted = Decision(Kind.MUTED, "muted", mute=mute)
        (number,) = tx.alerts.add([Delivery(alert, "f" * 32, muted, None, None)])
        delivery = tx.deliveries.get(number)
        assert delivery is not None
        tx.corrections.add(delivery, "T/U", tx.now + timedelta(days=7), None, opened=False)
    for _ in range(2):
        await desk.silences.look()
    assert len(await desk.ends()) == 1
