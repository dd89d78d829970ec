"""The rows of the second way and of the heartbeat, and what moves to another channel, on both engines."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.records import News, Notice
from bot.store.database import Store


def opened(store: Store) -> int:
    with store.begin() as tx:
        alert = Alert("alertmanager", "a", AlertStatus.FIRING, Severity.CRITICAL, "shop", "prod", tx.now)
        return tx.incidents.open(alert, "Orders are stuck", None).id


def want(store: Store, incident: int, way: str = "e-mail", news: News = News.OPENED) -> bool:
    with store.begin() as tx:
        return tx.notices.want(incident, news, Severity.CRITICAL, way, "Slack is down")


def unsent(store: Store, way: str = "e-mail") -> list[Notice]:
    with store.read() as tx:
        return tx.notices.unsent(way)


def send(store: Store, notice: Notice, *, over: bool = False) -> None:
    with store.begin() as tx:
        tx.notices.sent(notice, tx.now, over)


def test_a_notice_is_wanted_once_for_each_way(store: Store) -> None:
    """It waits for its own way, oldest first, until it was sent."""
    first, second = opened(store), opened(store)
    assert [want(store, first), want(store, second), want(store, first), want(store, first, "webhook")] == [
        True,
        True,
        False,
        True,
    ]
    assert [n.incident_id for n in unsent(store)] == [first, second]
    send(store, unsent(store)[0])
    assert [n.incident_id for n in unsent(store)] == [second]
    assert [n.incident_id for n in unsent(store, "webhook")] == [first]
    assert want(store, first) is False
    with store.read() as tx:
        assert [(n.way, n.sent_at is not None) for n in tx.notices.of_incidents([first])] == [
            ("e-mail", True),
            ("webhook", False),
        ]


def test_what_was_not_taken_says_why_and_until_when_it_waits(store: Store) -> None:
    """Each try counts; the state of the way shows the newest reason as long as something waits for it."""
    want(store, opened(store))
    for wait, problem in ((1, "first"), (9, "second")):
        with store.begin() as tx:
            tx.notices.later(tx.notices.unsent("e-mail")[0], timedelta(seconds=wait), problem)
            due = tx.now + timedelta(seconds=wait)
    (waiting,) = unsent(store)
    assert (waiting.attempts, waiting.problem, waiting.not_before) == (2, "second", due)
    with store.read() as tx:
        state = tx.notices.states()["e-mail"]
    assert (state.waiting, state.sent, state.problem, state.oldest) == (1, 0, "second", waiting.wanted_at)
    send(store, waiting)
    with store.read() as tx:
        state = tx.notices.states()["e-mail"]
    assert (state.waiting, state.sent, state.problem, state.oldest) == (0, 1, "", None)
    assert state.last_sent is not None


def test_an_incident_awaits_its_end_by_each_way_that_told_of_it(store: Store) -> None:
    """Not before something was sent, and no more once the end was, by every way that has to."""
    incident = opened(store)
    for way in ("e-mail", "webhook"):
        want(store, incident, way)
    with store.read() as tx:
        assert tx.notices.awaiting_end() == []
    for way in ("e-mail", "webhook"):
        send(store, unsent(store, way)[0])
        want(store, incident, way, News.RESOLVED)
    send(store, unsent(store)[0], over=True)
    with store.read() as tx:
        assert tx.notices.awaiting_end() == [incident]
    send(store, unsent(store, "webhook")[0], over=True)
    with store.read() as tx:
        assert tx.notices.awaiting_end() == []


def test_the_heartbeat_is_one_row(store: Store) -> None:
    """When it was tried and sent last, and why it was withheld."""
    with store.read() as tx:
        assert tx.heartbeat.last() is None
    with store.begin() as tx:
        tx.heartbeat.tried("on its way")
        tx.heartbeat.sent()
        sent_at = tx.now
    with store.begin() as tx:
        tx.heartbeat.tried("the sweep is stuck")
    with store.read() as tx:
        beat = tx.heartbeat.last()
    assert beat is not None
    assert (beat.sent_at, beat.problem) == (sent_at, "the sweep is stuck")
    assert beat.tried_at >= sent_at


def test_what_waits_moves_to_another_channel_with_the_head_of_its_thread(store: Store) -> None:
    """Card and edit move and are wanted anew; what had no more to say, and other channels, stay."""
    with store.begin() as tx:
        for key, thread in (("card", ""), ("reply", "card"), ("quiet", ""), ("edited", "")):
            tx.posts.want(key, "incidents", "text", 1, thread, {"text": key})
        tx.posts.want("direct", "U1", "text", content={"text": "direct"})
        for post in tx.posts.unsent():
            if post.key != "reply":
                tx.posts.sent(post, "C1" if post.channel == "incidents" else "D1", f"{post.id}.1")
        tx.posts.want("edited", "incidents", "text", content={"text": "new"})
        tx.posts.want("direct", "U1", "text", content={"text": "new"})
        tx.posts.rehouse("incidents", "C1")
    with store.read() as tx:
        found = tx.posts.by_keys(["card", "reply", "quiet", "edited", "direct", "nobody"])
        waiting = {post.key for post in tx.posts.unsent()}
        assert tx.posts.waiting_by_kind() == {"text": 4}
    assert waiting == {"card", "reply", "edited", "direct"}
    assert {key: post.channel_id for key, post in found.items()} == {
        "card": "",
        "reply": "",
        "quiet": "C1",
        "edited": "",
        "direct": "D1",
    }
    assert (found["card"].ts, found["quiet"].ts != "") == ("", True)


def test_the_problem_of_one_channel_is_not_that_of_another(store: Store) -> None:
    """Asked for a channel, only its own reason is given."""
    with store.begin() as tx:
        for channel in ("incidents", "U1"):
            tx.posts.want(channel, channel, "text")
            post = tx.posts.get(channel)
            assert post is not None
            wait = timedelta(seconds=9 if channel == "U1" else 1)
            tx.posts.later(post, wait, f"problem of {channel}", False)
    with store.read() as tx:
        assert tx.posts.problem("incidents") == "problem of incidents"
        assert tx.posts.problem() == "problem of U1"
        assert tx.posts.problem("C9") == ""
