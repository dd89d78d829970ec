"""The second way over real rows, a real mail server and a real receiver; the test moves the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.announcements import INCIDENTS, announce_incident, announce_rise, incident_key
from bot.copilot.part import resolve
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.records import News, Post
from bot.reach.due import Rule
from bot.reach.mail import Mail, MailServer
from bot.reach.second_way import SecondWay
from bot.reach.way import Letter
from bot.reach.webhook import Webhook
from bot.store.database import Store, sqlite_url
from tests.receivers import Hook, MailBox, hook, mail_box


@dataclass
class Reach:
    """A store, both ways over it, and who receives."""

    store: Store
    way: SecondWay
    box: MailBox
    hook: Hook
    now: list[datetime]

    def opened(self, severity: Severity = Severity.CRITICAL, title: str = "Orders are stuck") -> int:
        with self.store.begin() as tx:
            alert = Alert("alertmanager", "A", AlertStatus.FIRING, severity, "orders", "prod", tx.now)
            incident = tx.incidents.open(alert, title, None)
            announce_incident(tx, incident.id)
        return incident.id

    def rose(self, incident_id: int) -> None:
        with self.store.begin() as tx:
            tx.incidents.joined([(incident_id, Severity.CRITICAL, 1)])
            announce_rise(tx, incident_id, Severity.CRITICAL)

    def over(self, incident_id: int) -> None:
        with self.store.begin() as tx:
            resolve(tx, incident_id, "source")

    def in_slack(self, key: str) -> None:
        """Slack confirms the message."""
        with self.store.begin() as tx:
            tx.posts.sent(self.post(key), "C1", "1.1")

    def post(self, key: str) -> Post:
        with self.store.read() as tx:
            found = tx.posts.get(key)
        assert found is not None
        return found

    async def look(self, after: float = 0) -> None:
        """One look, so many seconds later."""
        self.now[0] += timedelta(seconds=after)
        self.way.note()
        await self.way.send_due()

    def counts(self) -> tuple[int, int]:
        return len(self.box.letters), len(self.hook.taken)


@pytest_asyncio.fixture
async def reach(tmp_path: Path) -> AsyncIterator[Reach]:
    now = [datetime.now(UTC)]
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"), lambda: now[0])
    async with mail_box() as box, hook() as receiver:
        mail = Mail(MailServer("127.0.0.1", box.port, False), "vigie@example.org", ("a@example.org",))
        way = SecondWay(store, [Webhook(receiver.url), mail], Rule(after=timedelta(seconds=5)))
        yield Reach(store, way, box, receiver, now)
    store.close()


async def test_it_goes_out_once_by_every_way(reach: Reach) -> None:
    """Not before Slack's time is over, then by both ways, and never again however often is looked."""
    reach.opened()
    await reach.look(4.9)
    assert reach.counts() == (0, 0)
    for seconds in (0.1, 0, 1, 3600):
        await reach.look(seconds)
        assert reach.counts() == (1, 1)
    assert reach.box.subjects() == ["[Vigie] CRITICAL #1 Orders are stuck"]


async def test_what_slack_confirmed_or_what_is_minor_does_not_go_out(reach: Reach) -> None:
    """One incident is told in Slack, one is a warning, one is told nowhere: that one goes out."""
    told, _, untold = reach.opened(), reach.opened(Severity.WARNING), reach.opened(title="Untold")
    reach.in_slack(incident_key(told))
    await reach.look(10)
    assert [body["incident"]["id"] for body in reach.hook.bodies] == [untold]


async def test_a_mail_server_that_is_down_gets_it_when_it_is_up(reach: Reach) -> None:
    """It is tried later and later, the webhook is not held up, and nothing is sent twice."""
    await reach.box.stop()
    incident = reach.opened()
    await reach.look(5)
    assert reach.counts() == (0, 1)
    with reach.store.read() as tx:
        (waiting,) = tx.notices.unsent("e-mail")
        state = tx.notices.states()["e-mail"]
    assert "does not answer" in waiting.problem and waiting.attempts == 1
    assert (state.waiting, state.problem) == (1, waiting.problem)
    await reach.look(0.5)  # its time has not come
    with reach.store.read() as tx:
        assert tx.notices.unsent("e-mail")[0].attempts == 1
    await reach.look(1)
    with reach.store.read() as tx:
        again = tx.notices.unsent("e-mail")[0]
    assert again.attempts == 2
    assert again.not_before is not None and again.not_before - reach.now[0] == timedelta(seconds=2)
    await reach.box.start()
    await reach.look(2)
    assert (reach.counts(), incident) == ((1, 1), 1)


async def test_both_ways_down_costs_time_and_no_incident(reach: Reach) -> None:
    """The rows wait; what is sent in the end says how the incident is by then, and once only."""
    await reach.box.stop()
    reach.hook.always = 503
    first, second = reach.opened(), reach.opened(title="The other")
    for _ in range(5):
        await reach.look(10)
    reach.over(second)
    await reach.look(200)
    assert reach.counts() == (0, 0)
    await reach.box.start()
    reach.hook.always = 200
    for _ in range(3):
        await reach.look(200)
    assert reach.counts() == (2, 2)
    assert [(b["incident"]["id"], b["incident"]["open"]) for b in reach.hook.bodies] == [
        (first, True),
        (second, False),
    ]


async def test_a_crash_after_sending_sends_it_again_under_the_same_name(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row could not be written: at least once, with the Message-ID and key by which it is known."""

    def crashes(*_: object) -> None:
        raise RuntimeError("crash between sending and commit")

    reach.opened()
    with monkeypatch.context() as crash:
        crash.setattr(SecondWay, "_note_sent", crashes)
        await reach.look(5)
        with pytest.raises(RuntimeError, match="crash between"):
            await reach.look()
    await reach.look(1)
    assert reach.counts() == (2, 2)
    assert len({letter["Message-ID"] for letter in reach.box.letters}) == 1
    assert len({headers["Idempotency-Key"] for headers, _ in reach.hook.taken}) == 1


async def test_a_rise_goes_out_and_hangs_on_nothing(reach: Reach) -> None:
    """The warning stands in Slack; then Slack is gone and it becomes critical."""
    incident = reach.opened(Severity.WARNING)
    reach.in_slack(incident_key(incident))
    await reach.look(100)
    reach.rose(incident)
    await reach.look(4)
    assert reach.counts() == (0, 0)
    await reach.look(1)
    assert reach.box.subjects() == ["[Vigie] CRITICAL #1 rose: Orders are stuck"]
    assert reach.hook.bodies[0]["event"] == "rose"
    await reach.look(100)
    assert reach.counts() == (1, 1)


async def test_the_end_is_told_where_the_opening_was(reach: Reach) -> None:
    """Once, as an answer to the opening; also when Slack is back by then, as a pager waits for its end."""
    incident = reach.opened()
    await reach.look(5)
    reach.in_slack(incident_key(incident))
    reach.over(incident)
    for _ in range(3):
        await reach.look(1)
    assert [body["event"] for body in reach.hook.bodies] == ["opened", "resolved"]
    opening, end = reach.box.letters
    assert end["Subject"] == "[Vigie] RESOLVED #1 Orders are stuck"
    assert end["In-Reply-To"] == opening["Message-ID"]


async def test_an_end_while_the_letter_is_on_its_way_is_told(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The letter that was drawn before says "open": what was sent counts, not what is known when it was."""
    incident, send = reach.opened(), Webhook.send

    async def resolved_meanwhile(way: Webhook, letter: Letter) -> str:
        reach.over(incident)
        return await send(way, letter)

    with monkeypatch.context() as slow:
        slow.setattr(Webhook, "send", resolved_meanwhile)
        await reach.look(5)
    await reach.look(1)
    assert [(b["event"], b["incident"]["open"]) for b in reach.hook.bodies] == [
        ("opened", True),
        ("resolved", False),
    ]


async def test_slack_is_told_when_it_is_back(reach: Reach) -> None:
    """A line in the incident's thread: by which ways, when, and why; and the audit log has it."""
    incident = reach.opened()
    with reach.store.begin() as tx:
        tx.posts.later(
            reach.post(incident_key(incident)), timedelta(seconds=1), "Slack says is_archived", False
        )
    await reach.look(5)
    line = reach.post(f"incident:{incident}:second_way")
    content = line.content or {}
    assert (line.channel, line.thread_of, line.sent) == (INCIDENTS, incident_key(incident), 0)
    assert "was told by" in str(content["text"])
    for way in ("by webhook at", "by e-mail at"):
        assert way in str(content["text"])
    assert "is_archived" in str(content["foreign"])
    with reach.store.read() as tx:
        told = [event.action for event in tx.audit.events(f"incident #{incident}")]
    assert sorted(told) == ["told by e-mail", "told by webhook"]


async def test_a_way_that_was_added_later_is_told_too(reach: Reach) -> None:
    """Each way has rows of its own: one that was configured anew learns of what Slack still does not know."""
    reach.opened()
    hook_alone = SecondWay(reach.store, [Webhook(reach.hook.url)], Rule(after=timedelta(seconds=5)))
    reach.now[0] += timedelta(seconds=5)
    hook_alone.note()
    await hook_alone.send_due()
    assert reach.counts() == (0, 1)
    await reach.look(1)
    assert reach.counts() == (1, 1)


async def test_a_notice_is_wanted_once_however_often_it_is_asked_for(reach: Reach) -> None:
    """The row's own key says so, whatever the rule says."""
    incident = reach.opened()
    with reach.store.begin() as tx:
        asked = [
            tx.notices.want(incident, News.OPENED, Severity.CRITICAL, "e-mail", "because") for _ in range(3)
        ]
    assert asked == [True, False, False]
