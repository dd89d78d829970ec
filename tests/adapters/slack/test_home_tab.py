"""Publishing a Home to a real workspace: whom Slack does not vouch for sees nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest_asyncio
from slack_sdk.web.async_client import AsyncWebClient

from bot.copilot import Copilot
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.person import Person
from bot.playground.workspace import Channel, Workspace
from bot.sign_off.policy import Policy
from bot.slack.channels import Channels
from bot.slack.home import HomeTab
from bot.slack.outbox import Outbox
from bot.slack.people import People
from bot.slack.snapshots import Snapshots
from bot.store.database import Store
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, adopt_or_offer
from tests.desk import AT_ONCE, EMPTY, Group
from tests.world import BOT, CHANNEL, ON_CALL, text_of

SOMEBODY = Person("T0VIGIE", ON_CALL.id)


@dataclass
class Lobby:
    """An outbox with the tab, over a store whose clock a test moves."""

    place: Workspace
    store: Store
    outbox: Outbox
    copilot: Copilot
    now: list[datetime] = field(default_factory=list)
    old: list[float] = field(default_factory=lambda: [0.0])

    async def send(self, *, after: float = 0) -> None:
        self.now[0] += timedelta(seconds=after)
        self.old[0] += after
        await self.outbox.send_due()

    def opened(self) -> None:
        self.copilot.homes.open(SOMEBODY)

    def fire(self, name: str) -> None:
        """An incident opens, and the Home is looked at."""
        labels = {"alertname": name}
        firing = AlertStatus.FIRING
        alert = Alert(
            "alertmanager", name, firing, Severity.CRITICAL, name, "test", self.now[0], labels=labels
        )
        self.copilot.alerts.receive([alert])
        self.now[0] += timedelta(seconds=3)
        self.copilot.homes.refresh()

    def shown(self) -> str:
        view = self.place.home_of(ON_CALL.id)
        return text_of(view["blocks"]) if view else ""

    def problem(self) -> str:
        with self.store.read() as tx:
            post = tx.posts.get(f"home:{ON_CALL.id}")
        assert post is not None
        return post.problem


@pytest_asyncio.fixture
async def lobby(tmp_path: Path) -> AsyncIterator[Lobby]:
    channel = Channel(CHANNEL, "incidents", members=(ON_CALL.id, BOT.id))
    place = Workspace(
        people=(ON_CALL, BOT),
        channels=(channel,),
        app_id="A0",
        bot=BOT,
        bot_token="xoxb-1",
        app_token="xapp-1",
        page_token="page",
        rates={},
    )
    await place.start()
    now, old = [datetime.now(UTC)], [0.0]
    store = Store.open(f"sqlite:///{tmp_path / 'vigie.sqlite'}", lambda: now[0])
    with store.begin() as tx:
        adopt_or_offer(tx, CATALOGUE, EMPTY)
        adopt_or_offer(tx, POLICY, Policy().content())
    copilot = Copilot.of(store, Adopted(), Group(), AT_ONCE, lambda verb, subject: None)
    async with aiohttp.ClientSession(trust_env=False) as session:
        client = AsyncWebClient(place.bot_token, place.api_url, session=session, retry_handlers=[])
        snapshots = Snapshots(store, Adopted())
        tab = HomeTab(client, snapshots, People(client, lambda: "T0VIGIE", lambda: old[0]))
        outbox = Outbox(store, snapshots, client, Channels(client, {"incidents": "incidents"}), tab)
        yield Lobby(place, store, outbox, copilot, now, old)
    store.close()
    await place.stop()


async def test_a_member_who_became_a_guest_loses_what_they_saw(lobby: Lobby) -> None:
    """A minute after Slack says guest, the next change replaces the whole Home by one sentence."""
    lobby.opened()
    lobby.fire("secret-fault")
    await lobby.send()
    assert "secret-fault" in lobby.shown()
    lobby.place._core.team.people[ON_CALL.id] = replace(ON_CALL, is_guest=True)
    lobby.fire("another")
    await lobby.send(after=61)
    assert "Guests" in lobby.shown()
    assert "fault" not in lobby.shown()


async def test_while_slack_does_not_say_who_it_is_nothing_is_shown(lobby: Lobby) -> None:
    """Neither the Home nor that they are a guest; as soon as it does, the Home."""
    lobby.place.faults.fail("users.info", "internal_error")
    lobby.opened()
    await lobby.send()
    assert (lobby.shown(), "full member" in lobby.problem()) == ("", True)
    await lobby.send(after=2)
    assert "You have none." in lobby.shown()


async def test_a_rate_limited_home_waits_and_shows_the_newest_once(lobby: Lobby) -> None:
    """After a 429: nothing before Retry-After however much changes, then one view of that moment."""
    lobby.place.faults.rate_limit("views.publish", retry_after=30)
    lobby.opened()
    await lobby.send()
    for name in ("first", "second", "third"):
        lobby.fire(name)
        await lobby.send()
    assert (lobby.shown(), len(lobby.place.calls("views.publish"))) == ("", 1)
    await lobby.send(after=30)
    assert "third" in lobby.shown()
    assert len(lobby.place.calls("views.publish")) == 2


async def test_a_home_that_waits_holds_up_no_message_to_the_same_person(lobby: Lobby) -> None:
    """The Home is refused again and again; a direct message to its owner goes out at once."""
    lobby.place.faults.rate_limit("views.publish", times=9, retry_after=60)
    lobby.opened()
    await lobby.send()
    with lobby.store.begin() as tx:
        tx.posts.want("call:1:x", ON_CALL.id, "text", content={"text": "sign, please"})
    await lobby.send()
    assert [m["text"] for m in lobby.place.messages("D" + ON_CALL.id[1:])] == ["sign, please"]


async def test_an_app_without_a_home_tab_is_left_alone(lobby: Lobby) -> None:
    """Slack says that the tab is switched off: given up and logged; opened anew, it is tried anew."""
    lobby.place.faults.fail("views.publish", "not_enabled")
    lobby.opened()
    await lobby.send()
    await lobby.send(after=3600)
    assert (lobby.problem(), len(lobby.place.calls("views.publish"))) == ("not_enabled", 1)
    lobby.opened()
    await lobby.send()
    assert "You have none." in lobby.shown()


async def test_a_lost_answer_costs_nothing_but_a_second_view(lobby: Lobby) -> None:
    """Publishing again shows the same, so nothing has to be looked for."""
    lobby.place.faults.drop_answer("views.publish")
    lobby.opened()
    await lobby.send()
    await lobby.send(after=2)
    assert "You have none." in lobby.shown()
    with lobby.store.read() as tx:
        assert "home" not in {post.kind for post in tx.posts.unsent()}
