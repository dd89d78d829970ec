"""Channels gone, people out of reach, tokens revoked: people are told, and nothing is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.announcements import incident_key
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.person import Person
from bot.playground.workspace.rooms import Room
from tests.post_office import CLOSED, PostOffice, post_office
from tests.world import BOT, CHANNEL, ON_CALL

FRESH = "C0FRESH"


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[PostOffice]:
    """N3 is one person here: whoever is on call."""
    async with post_office(tmp_path) as opened:
        with opened.store.begin() as tx:
            tx.n3.joined([Person("T0VIGIE", ON_CALL.id)], None)
        yield opened


def incident(office: PostOffice, assignee: str = "") -> str:
    """An incident with a card that is wanted; the card's key."""
    with office.store.begin() as tx:
        alert = Alert("alertmanager", "a", AlertStatus.FIRING, Severity.CRITICAL, "shop", "prod", tx.now)
        opened = tx.incidents.open(alert, "Orders are stuck", None)
        tx.incidents.assign(opened.id, assignee)
        tx.posts.want(incident_key(opened.id), "incidents", "incident", opened.id)
    return incident_key(opened.id)


def put_out(office: PostOffice, how: str) -> None:
    """What an administrator may do to #incidents."""
    if how == "is_archived":
        office.place.archive(CHANNEL)
    elif how == "not_in_channel":
        office.place.remove_bot(CHANNEL)
    else:
        office.place.delete_channel(CHANNEL)


def fresh_channel(office: PostOffice, name: str = "incidents") -> None:
    office.place._core.board.rooms[FRESH] = Room(FRESH, name, "channel", {ON_CALL.id, BOT.id})


REMEDIES = {"is_archived": "Unarchive it", "not_in_channel": "`/invite`", "channel_not_found": "deleted"}


@pytest.mark.parametrize("how", REMEDIES)
async def test_people_are_told_which_channel_is_gone_and_what_to_do(office: PostOffice, how: str) -> None:
    """N3 hear it by direct message, once a day however long it lasts; the messages wait with the reason."""
    office.want("warm", "warm")
    await office.send()
    put_out(office, how)
    card = incident(office)
    office.want("a", "waits")
    for _ in range(3):
        await office.send(after=60)
    (told,) = office.shown(ON_CALL.id)
    for words in ("#incidents", REMEDIES[how], "slack.incidents_channel", "2 message(s) wait"):
        assert words in told
    # An archived channel cannot be found by its name, so it is taken for one that is gone.
    assert office.post(card).problem.endswith("of #incidents")
    await office.send(after=24 * 3600)
    await office.send()
    assert len(office.shown(ON_CALL.id)) == 2


async def test_whoever_has_an_incident_is_told_too(office: PostOffice) -> None:
    """They may not be of N3, and wait for the incident's thread."""
    with office.store.begin() as tx:
        tx.n3.left([Person("T0VIGIE", ON_CALL.id)])
    incident(office, assignee=f"T0VIGIE/{ON_CALL.id}")
    office.place.archive(CHANNEL)
    await office.send()
    await office.send(after=1)
    assert "#incidents" in office.shown(ON_CALL.id)[0]


@pytest.mark.parametrize("how", ["is_archived", "not_in_channel"])
async def test_everything_is_posted_in_order_when_the_channel_is_back(office: PostOffice, how: str) -> None:
    """Unarchived, or Vigie invited again: card, edit and replies are where they belong, each once."""
    card = incident(office)
    await office.send()
    put_out(office, how)
    office.want("reply", "reply", thread_of=card)
    office.want("later", "later")
    await office.send(after=1)
    assert len(office.shown()) == 1
    office.place.unarchive(CHANNEL)
    office.place.add_bot(CHANNEL)
    await office.send_all()
    first, reply, later = office.place.messages(CHANNEL)
    assert [reply["text"], later["text"]] == ["reply", "later"]
    assert reply["thread_ts"] == first["ts"] == office.post(card).ts


async def test_a_new_channel_takes_what_waits_and_the_heads_of_its_threads(office: PostOffice) -> None:
    """#incidents was deleted and made anew: the open incident's card stands there, its replies below it."""
    card, quiet = incident(office), incident(office)
    office.want("evidence", "evidence", thread_of=card)
    await office.send()
    put_out(office, "channel_not_found")
    office.want("diagnosis", "diagnosis", thread_of=card)
    await office.send(after=1)
    fresh_channel(office)
    await office.send_all()
    head, reply = office.place.messages(FRESH)
    assert head["text"].startswith("#1 critical") and reply["text"] == "diagnosis"
    assert reply["thread_ts"] == head["ts"] == office.post(card).ts
    # What had no more to say stays where it was, until it has.
    assert office.post(quiet).channel_id == CHANNEL
    with office.store.begin() as tx:
        tx.posts.want(quiet, "incidents", "incident", 2)
    await office.send_all()
    assert office.post(quiet).channel_id == FRESH
    assert len(office.place.messages(FRESH)) == 3


async def test_a_thread_stays_where_it_is_when_the_role_moves(office: PostOffice) -> None:
    """Another channel is configured while the old one is there: replies follow their card, not the role."""
    card = incident(office)
    await office.send()
    fresh_channel(office, "elsewhere")
    office.outbox._channels._names["incidents"] = "elsewhere"
    office.outbox._channels.forget("incidents")
    office.want("reply", "reply", thread_of=card)
    office.want("news", "news")
    await office.send_all()
    assert [m["text"] for m in office.place.messages(FRESH)] == ["news"]
    assert office.place.messages(CHANNEL)[-1]["thread_ts"] == office.post(card).ts


async def test_a_person_who_cannot_be_told_directly_is_named_in_the_channel(office: PostOffice) -> None:
    """Once a day; what waits for others is not held up, and the message is counted."""
    office.place.faults.fail("conversations.open", "user_disabled", times=5)
    office.want("p1", "for you alone", channel="U0GONE")
    office.want("p2", "for you alone, too", channel="U0GONE")
    office.want("a", "for all")
    await office.send_all()
    shown = office.shown()
    assert shown[0] == "for all"
    assert len(shown) == 2 and "@U0GONE" in shown[1] and "user_disabled" in shown[1]
    assert "`/vigie pending`" in shown[1] and "alone" not in shown[1]
    with office.store.read() as tx:
        assert tx.alerts.counted()["slack_refused:user_disabled"] == 2


async def test_an_answer_that_can_go_nowhere_is_said_in_the_channel(office: PostOffice) -> None:
    """Vigie is not where it was asked, and the asker cannot be told directly either."""
    office.place.faults.fail("conversations.open", "cannot_dm_bot", times=5)
    with office.store.begin() as tx:
        tx.posts.want("answer", CLOSED, "text", content={"text": "the answer", "user": ON_CALL.id})
    await office.send_all()
    assert [f"@{ON_CALL.id}" in text for text in office.shown()] == [True]


@pytest.mark.parametrize("code", ["token_revoked", "account_inactive", "invalid_auth"])
async def test_a_refused_token_costs_time_and_no_message(office: PostOffice, code: str) -> None:
    """Whoever watches the token is told, nobody is told of a gone channel, and all is sent in order after."""
    office.want("warm", "warm")
    await office.send()
    office.place.revoke_token(code)
    for number in range(3):
        office.want(f"m{number}", f"message {number}")
    office.want("dm", "direct", channel=ON_CALL.id)
    await office.send(after=1)
    assert office.token_refused == [code, code]  # one for each channel that was tried
    assert office.post("m0").problem == f"Slack says {code}"
    office.place.reinstall()
    await office.send_all()
    assert office.shown() == ["warm", "message 0", "message 1", "message 2"]
    assert office.shown(ON_CALL.id) == ["direct"]


async def test_a_rate_limit_of_minutes_is_kept(office: PostOffice) -> None:
    """Slack says three minutes: nothing is asked of it before, and then everything is there once."""
    office.want("a", "first")
    await office.send()
    office.place.faults.rate_limit("chat.postMessage", retry_after=180)
    office.want("b", "second")
    office.want("c", "third")
    await office.send()
    calls = office.calls()
    await office.send(after=179)
    assert office.calls() == calls
    await office.send(after=1.5)
    assert office.shown() == ["first", "second", "third"]


async def test_a_reply_whose_card_was_deleted_brings_the_card_back(office: PostOffice) -> None:
    """Slack knows no such thread: the card is posted anew, and the reply stands below it."""
    card = incident(office)
    await office.send()
    await office.delete(card)
    office.want("reply", "reply", thread_of=card)
    await office.send_all()
    head, reply = office.place.messages(CHANNEL)
    assert (reply["text"], reply["thread_ts"]) == ("reply", head["ts"])
    assert head["ts"] == office.post(card).ts


async def test_an_answer_whose_question_was_deleted_is_given_beside_it(office: PostOffice) -> None:
    """There is no thread of a person's any more: the answer stands in the channel."""
    ts = await office.place.say(ON_CALL.id, CHANNEL, "why?")
    room = office.place._core.board.room(CHANNEL)
    office.place._core.board.delete(room, ts)
    office.want("answer", "because", thread_of=f"ts:{ts}")
    await office.send_all()
    assert office.shown() == ["because"]
