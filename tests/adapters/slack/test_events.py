"""What Slack delivers: again, twice over, while something breaks, and over connections that come and go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.playground.workspace import Channel
from tests.world import BOT, CHANNEL, ON_CALL, PEOPLE, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "C0ROOM"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Vigie for all; questions are asked in a room of their own."""
    members = tuple(person.id for person in (*PEOPLE, BOT))
    channels = (Channel(CHANNEL, "incidents", members=members), Channel(ROOM, "room", members=members))
    # An event is brought again once its ack is missed, so that does not take long here.
    again: dict[str, Any] = {"ack_seconds": 5.0, "retry_pauses": (0.2, 0.4)}
    async with world(tmp_path_factory.mktemp("vigie"), channels=channels, **again) as running:
        await running.until("a connection", lambda: running.place.connections)
        yield running


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _normal_again(vigie: World) -> AsyncIterator[None]:
    yield
    vigie.place.faults.clear()


def answers(vigie: World, words: str) -> list[str]:
    """What Vigie answered to a question with these words."""
    told = [text_of(m) for m in vigie.place.messages(ROOM) if m.get("bot_id")]
    return [text for text in told if words in text]


async def asked(vigie: World, question: str, thread_ts: str | None = None) -> None:
    """Mention Vigie and wait for its answer."""
    await vigie.place.say(ON_CALL.id, ROOM, f"<@{BOT.id}> {question}", thread_ts)
    await vigie.until("an answer", lambda: answers(vigie, question) or None)


async def test_a_mention_that_comes_as_two_events_is_answered_once(vigie: World) -> None:
    """Slack sends a mention as `message` and as `app_mention`; it is one question."""
    await asked(vigie, "why is the value high?")
    await vigie.settle()
    assert len(answers(vigie, "why is the value high?")) == 1


async def test_a_mention_delivered_four_times_is_answered_once(vigie: World) -> None:
    """The same event over and over is one question."""
    vigie.place.faults.redeliver(4)
    await asked(vigie, "what was the value before?")
    await vigie.settle()
    assert len(answers(vigie, "what was the value before?")) == 1


async def test_a_mention_whose_acks_are_lost_is_answered_once(vigie: World) -> None:
    """Slack heard no ack and delivers again."""
    vigie.place.faults.drop_acks(2)
    await asked(vigie, "who fixed the value?")
    await vigie.settle(4)
    assert len(answers(vigie, "who fixed the value?")) == 1


async def test_a_command_delivered_four_times_has_one_effect(vigie: World) -> None:
    """One freeze, one event in the audit log, one message."""
    vigie.place.faults.redeliver(4)
    before = len(vigie.audited("frozen"))
    assert (await vigie.place.command(ON_CALL.id, ROOM, "/vigie freeze four times")).ok
    await vigie.settle()
    assert len(vigie.audited("frozen")) == before + 1
    told = [m for m in vigie.place.messages(CHANNEL) if "Execution is frozen" in text_of(m)]
    assert len(told) == 1


async def test_a_click_delivered_four_times_has_one_effect(vigie: World) -> None:
    """One proposal, and nobody is told that it was refused."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    told = len(vigie.told(ON_CALL))
    vigie.place.faults.redeliver(4)
    await vigie.propose(incident)
    await vigie.settle()
    assert len(vigie.proposals(incident)) == 1
    assert not [text for text in vigie.told(ON_CALL)[told:] if "already" in text]


@contextlib.contextmanager
def broken_store(vigie: World) -> Iterator[None]:
    """What every listener does first fails: the inbox cannot be written."""
    if vigie.store_url.startswith("postgresql"):
        with vigie.unwritable():
            yield
        return
    vigie.tamper(sa.text("ALTER TABLE inbox RENAME TO inbox_away"))  # a full disk would take the log too
    try:
        yield
    finally:
        vigie.tamper(sa.text("ALTER TABLE inbox_away RENAME TO inbox"))


async def test_a_listener_that_breaks_acknowledges_and_tells_the_person(vigie: World) -> None:
    """A click during a broken store: Slack gets its ack, the person is told, and a second click works."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    card = await vigie.message(f"incident:{incident.id}")
    with broken_store(vigie):
        outcome = await vigie.place.click(ON_CALL.id, CHANNEL, card["ts"], "take")
        assert outcome.ok
        await vigie.until("being told", lambda: "does not answer now" in vigie.told(ON_CALL)[-1])
    assert (await vigie.place.click(ON_CALL.id, CHANNEL, card["ts"], "take")).ok
    await vigie.message(f"incident:{incident.id}", f"<@{ON_CALL.id}>")


async def test_a_mention_that_breaks_is_delivered_again_and_answered(vigie: World) -> None:
    """A question during a broken store is not acknowledged, so Slack brings it again, and nothing is lost."""
    with broken_store(vigie):
        said = asyncio.create_task(asked(vigie, "is it broken?"))
        await vigie.until("the failure", lambda: "slack_bolt/app/async_app.py" in vigie.logged())
    await said
    assert len(answers(vigie, "is it broken?")) == 1


async def test_several_disconnects_lose_nothing(vigie: World) -> None:
    """Slack asks to reconnect, and once just hangs up: questions in between are answered once each."""
    for turn in range(3):
        await vigie.place.faults.disconnect()
        await asked(vigie, f"disconnected {turn} times?")
    vigie.place.faults.down(3.0)
    await vigie.until("no connection", lambda: vigie.place.connections == 0)
    await vigie.until("one connection", lambda: vigie.place.connections == 1, 40)
    await asked(vigie, "is Slack back?")
    assert (await vigie.place.command(ON_CALL.id, ROOM, "/vigie status")).ok
    questions = [f"disconnected {turn} times?" for turn in range(3)] + ["is Slack back?"]
    assert [len(answers(vigie, question)) for question in questions] == [1, 1, 1, 1]
