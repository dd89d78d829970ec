"""The outbox against a real workspace: lost answers, rate limits and outages cost time, never a message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.records import Post
from bot.store.posts import Posts
from tests.post_office import CLOSED, OTHER, PostOffice, post_office
from tests.wire import until, wired
from tests.world import CHANNEL, ON_CALL


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    async with post_office(tmp_path) as opened:
        yield opened


async def test_a_lost_answer_does_not_double_a_message(office: PostOffice) -> None:
    """Slack took the message and the answer was lost: it is found by its key and not sent again."""
    office.place.faults.drop_answer("chat.postMessage")
    office.want("a", "first")
    office.want("b", "second")
    await office.send_all()
    assert office.shown() == ["first", "second"]
    assert office.post("a").ts == office.place.messages(CHANNEL)[0]["ts"]


async def test_a_lost_answer_in_a_long_thread_does_not_double_a_reply(office: PostOffice) -> None:
    """Slack lists replies oldest first, a page at a time: the newest is found behind 250 others."""
    office.want("card", "card")
    await office.send()
    root = office.post("card").ts
    for number in range(250):
        await office.place.say(ON_CALL.id, CHANNEL, f"reply {number}", root)
    office.place.faults.drop_answer("chat.postMessage")
    office.want("a", "ours", thread_of="card")
    await office.send_all()
    assert office.shown().count("ours") == 1


async def test_a_lost_answer_and_then_a_rate_limit_do_not_double_a_message(office: PostOffice) -> None:
    """As long as the history could not be read, the message stays in doubt and is not sent."""
    office.place.faults.drop_answer("chat.postMessage")
    office.place.faults.rate_limit("conversations.history", times=2)
    office.want("a", "first")
    await office.send_all()
    assert office.shown() == ["first"]


async def test_a_rate_limit_keeps_the_order(office: PostOffice) -> None:
    """After a 429 nothing is sent before Retry-After, not even a newer version; then all, in order, once."""
    office.place.faults.rate_limit("chat.postMessage", retry_after=7)
    office.want("a", "first")
    office.want("b", "second")
    await office.send()
    office.want("a", "first, edited")
    await office.send(after=6.5)
    assert (office.shown(), office.calls()) == ([], 1)
    await office.send(after=1)
    assert office.shown() == ["first, edited", "second"]


async def test_a_channel_that_waits_does_not_hold_up_another(office: PostOffice) -> None:
    """Each channel keeps its own order: one that is refused goes on by itself."""
    office.place.faults.rate_limit("chat.postMessage")
    office.want("a", "first")
    await office.send()
    office.want("b", "elsewhere", channel=OTHER)
    await office.send()
    assert (office.shown(), office.shown(OTHER)) == ([], ["elsewhere"])


async def test_an_outage_costs_time_and_no_message(office: PostOffice) -> None:
    """While the workspace answers 503 the messages wait, with the reason; then all are sent, in order."""
    office.place.faults.down(3600)
    for number in range(3):
        office.want(f"m{number}", f"message {number}")
    await office.send()
    await office.send(after=60)
    assert office.shown() == []
    assert office.post("m0").problem
    office.place.faults.clear()
    await office.send_all()
    assert office.shown() == ["message 0", "message 1", "message 2"]


async def test_no_connection_at_all_costs_time_and_no_message(office: PostOffice) -> None:
    """The server is gone: the message is kept with the reason and sent when the server is back."""
    office.want("warm", "warm")
    await office.send()
    port = int(office.place.url.rsplit(":", 1)[1])
    await office.place.stop()
    office.want("a", "first")
    await office.send()
    assert "no answer" in office.post("a").problem
    await office.place.start(port)
    await office.send_all()
    assert office.shown() == ["warm", "first"]


async def test_a_known_key_is_edited_in_place(office: PostOffice) -> None:
    """A newer version of a message changes it where it stands; several versions at once are one call."""
    office.want("a", "first")
    office.want("b", "second")
    await office.send()
    for number in range(5):
        office.want("a", f"first, version {number}")
    await office.send()
    assert office.shown() == ["first, version 4", "second"]
    assert office.calls("chat.update") == 1


async def test_a_version_wanted_while_it_is_sent_is_sent_too(office: PostOffice) -> None:
    """What changes between drawing and the answer is not taken for sent."""
    office.want("a", "first")
    sending = asyncio.create_task(office.outbox.send_due())
    for number in range(10):
        await asyncio.sleep(0)
        await asyncio.to_thread(office.want, "a", f"version {number}")
    await sending
    await office.send_all()
    assert office.shown() == ["version 9"]


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "metadata_too_large"])
async def test_what_slack_refuses_for_good_is_replaced(office: PostOffice, code: str) -> None:
    """A plain short one stands in its place, in order, and is counted; a newer version takes its place."""
    office.place.faults.fail("chat.postMessage", code)
    office.want("a", "refused")
    office.want("b", "second")
    await office.send()
    first, second = office.shown()
    assert (
        code in first and "`/vigie status`" in first and "refused" not in first.replace("refused to show", "")
    )
    assert second == "second"
    with office.store.read() as tx:
        assert tx.alerts.counted()[f"slack_refused:{code}"] == 1
    office.want("a", "in other words")
    await office.send()
    assert office.shown() == ["in other words", "second"]


async def test_what_slack_refuses_in_any_words_is_given_up_and_counted(office: PostOffice) -> None:
    """It is kept with the reason and not sent again; what comes after it is, and a newer version too."""
    office.place.faults.fail("chat.postMessage", "invalid_blocks", times=2)
    office.want("a", "refused")
    office.want("b", "second")
    await office.send()
    assert office.shown() == ["second"]
    assert (office.post("a").sent, office.post("a").problem) == (-1, "invalid_blocks")
    with office.store.read() as tx:
        assert tx.alerts.counted()["slack_refused:invalid_blocks"] == 1
    await office.send(after=3600)
    assert office.shown() == ["second"]
    office.want("a", "in other words")
    await office.send()
    assert office.shown() == ["second", "in other words"]


async def test_a_message_that_somebody_deleted_is_given_up(office: PostOffice) -> None:
    """There is nothing to edit any more: it is not posted anew, and others go on."""
    office.want("a", "first")
    await office.send()
    await office.delete("a")
    office.want("a", "first, edited")
    office.want("b", "second")
    await office.send()
    assert office.shown() == ["second"]
    assert office.post("a").problem == "message_not_found"


async def test_an_incident_card_that_somebody_deleted_is_posted_anew(office: PostOffice) -> None:
    """People need the card: its next version stands in the channel again, once, and is edited there."""
    with office.store.begin() as tx:
        alert = Alert(
            "alertmanager", "a", AlertStatus.FIRING, Severity.CRITICAL, "shop", "production", tx.now
        )
        incident = tx.incidents.open(alert, "Orders are stuck", None)
        tx.posts.want("card", "incidents", "incident", incident.id)
    await office.send()
    await office.delete("card")
    for _ in range(2):
        with office.store.begin() as tx:
            tx.posts.want("card", "incidents", "incident", incident.id)
        await office.send_all()
    (shown,) = office.place.messages(CHANNEL)
    assert (office.post("card").ts, office.calls()) == (shown["ts"], 2)


async def test_a_lost_answer_to_one_person_does_not_double_it(office: PostOffice) -> None:
    """A person's id has no history: it is read, and written to, where the direct messages are."""
    office.place.faults.drop_answer("chat.postMessage", times=2)
    with office.store.begin() as tx:
        tx.posts.want("a", CLOSED, "text", content={"text": "answer", "user": ON_CALL.id})
    await office.send_all()
    assert office.shown(ON_CALL.id) == ["answer"]
    assert office.post("a").channel_id.startswith("D")


@pytest.mark.parametrize("method", ["conversations.list", "conversations.open"])
async def test_a_lost_answer_about_a_channel_costs_time_only(office: PostOffice, method: str) -> None:
    """The message waits and says why, and the look itself does not break."""
    office.place.faults.drop_answer(method, times=2)  # the web library asks once more by itself
    office.want("a", "first", channel="incidents" if method == "conversations.list" else ON_CALL.id)
    await office.send()
    assert "is not known" in office.post("a").problem
    await office.send_all()
    assert office.calls() == 1


async def test_an_answer_that_cannot_be_read_does_not_double_a_message(office: PostOffice) -> None:
    """Slack took it and answered broken JSON: it is in doubt, waits longer each time, and is found."""
    async with wired(office.client) as wire:
        wire.garbled += ["chat.postMessage", "conversations.history"]
        office.want("a", "first")
        await office.send()
        post = office.post("a")
        assert (post.problem, post.in_doubt, post.attempts) == ("Slack's answer cannot be read", True, 1)
        assert post.not_before is not None and post.not_before > office.now[0]
        await office.send(after=1)
        assert office.post("a").attempts == 2
        await office.send_all()
    assert (office.shown(), office.calls()) == (["first"], 1)


async def test_what_nobody_expected_costs_one_message_time(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is locked when the answer is kept: the look goes on, and nothing is sent twice."""
    keep, locked = Posts.sent, [sa.exc.OperationalError("update", {}, Exception("database is locked"))]

    def sent(posts: Posts, post: Post, channel_id: str, ts: str) -> None:
        if locked and post.key == "a":
            raise locked.pop()
        keep(posts, post, channel_id, ts)

    monkeypatch.setattr(Posts, "sent", sent)
    office.want("a", "first")
    office.want("b", "elsewhere", channel=OTHER)
    await office.send()
    assert (office.post("a").problem, office.post("a").in_doubt) == ("the store did not answer", True)
    assert office.shown(OTHER) == ["elsewhere"]
    await office.send_all()
    assert (office.shown(), office.calls()) == (["first"], 2)


async def test_a_channel_that_hangs_delays_no_other_and_is_not_asked_twice(office: PostOffice) -> None:
    """While one call gets no answer, what comes later goes out elsewhere; the hanging one is sent once."""
    async with wired(office.client) as wire:
        wire.held[OTHER] = asyncio.Event()
        office.want("a", "hangs", channel=OTHER)
        running = asyncio.create_task(office.outbox.run(_always))
        await until(lambda: bool(wire.hanging))
        for number in range(2):
            await asyncio.to_thread(office.want, f"critical {number}", f"critical {number}")
            await until(lambda count=number + 1: len(office.shown()) == count)  # type: ignore[misc]
        assert wire.hanging == [OTHER]
        wire.held[OTHER].set()
        await until(lambda: office.post("a").sent == 1)
        running.cancel()
    assert (office.shown(OTHER), office.calls()) == (["hangs"], 3)


async def test_a_full_channel_that_waits_does_not_hide_another(office: PostOffice) -> None:
    """However many messages one channel cannot take, the ones of another are seen."""
    with office.store.begin() as tx:
        for number in range(201):
            tx.posts.want(f"m{number}", "unknown", "text", content={"text": "waits"})
    office.want("a", "first")
    await office.send()
    assert office.shown() == ["first"]


async def test_a_parent_is_sent_before_its_replies(office: PostOffice) -> None:
    """While the card is not in Slack, no reply is: it would stand alone in the channel."""
    office.place.faults.rate_limit("chat.postMessage", times=2)
    office.want("card", "card")
    office.want("card:evidence", "evidence", thread_of="card")
    office.want("card:diagnosis", "diagnosis", thread_of="card")
    await office.send()
    await office.send(after=2)
    assert office.shown() == []
    await office.send_all()
    card, *rest = office.place.messages(CHANNEL)
    assert [_where(reply) for reply in rest] == [("evidence", card["ts"]), ("diagnosis", card["ts"])]


async def test_an_unknown_channel_is_named_and_found_later(office: PostOffice) -> None:
    """Without the channel the messages wait, and the row says why; once it can be found they are sent."""
    office.place.faults.fail("conversations.list", "internal_error")
    office.want("a", "first")
    await office.send()
    assert "incidents" in office.post("a").problem
    await office.send_all()
    assert office.shown() == ["first"]


def _where(message: dict[str, Any]) -> tuple[str, str]:
    return message["text"], message.get("thread_ts", "")


async def _always() -> bool:
    return True
