"""N3 are called by direct message in a running Vigie: the first, the next one, and what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.announcements import calls_of
from bot.domain.proposal import Proposal, ProposalState
from bot.playground.workspace import Person
from bot.sign_off.calling import Call, Why
from tests.world import CHANNEL, N3_A, N3_B, ON_CALL, Message, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEXT_AFTER = timedelta(seconds=6)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie that calls the next one after six seconds."""
    folder = tmp_path_factory.mktemp("calling")
    async with world(folder, start=False) as made:
        await start_with(made, "next_after_minutes = 0.1")
        yield made


async def start_with(vigie: World, setting: str) -> None:
    toml = vigie.folder / "vigie.toml"
    toml.write_text(toml.read_text().replace('usergroup = "n3"', f'usergroup = "n3"\n{setting}'))
    await vigie.start()


def calls(vigie: World, proposal: Proposal) -> list[Call]:
    with vigie.store.read() as tx:
        return calls_of(tx, proposal.id)


async def call(vigie: World, proposal: Proposal, person: Person, words: str = "", more: str = "") -> Message:
    """The direct message to this person, once it holds these words."""
    return await vigie.message(f"call:{proposal.id}:{person.id}{more}", words)


async def sign_from(vigie: World, person: Person, message: Message) -> None:
    """Press Sign… in the direct message, and submit the modal."""
    before = len(vigie.place.views_of(person.id))
    assert (await vigie.place.click(person.id, "D" + person.id[1:], message["ts"], "sign_open")).ok
    await vigie.until("the modal", lambda: len(vigie.place.views_of(person.id)) > before)
    view = vigie.place.views_of(person.id)[-1]
    assert (await vigie.place.submit(person.id, view["id"], {})).ok


async def test_while_n3_cannot_be_read_the_card_says_that_nobody_could_be_called(vigie: World) -> None:
    """Slack refuses to say who is N3: told on the card, nobody is called; then it is, by itself.

    The first of its module: who is N3 was seen at the start, and read for no call yet.
    """
    await vigie.message("n3:first")
    vigie.place.faults.fail("usergroups.users.list", "internal_error", times=1000)
    try:
        _, proposal = await vigie.proposed()
        await vigie.message(f"proposal:{proposal.id}", "nobody could be called")
        assert calls(vigie, proposal) == []
    finally:
        vigie.place.faults.clear()
    await vigie.message(f"proposal:{proposal.id}", "Called")
    card = await vigie.message(f"proposal:{proposal.id}")
    assert "nobody could be called" not in text_of(card)
    assert (await vigie.place.click(N3_A.id, CHANNEL, card["ts"], "reject")).ok


async def test_the_first_is_told_then_the_next_who_signs_from_the_message(vigie: World) -> None:
    """One message, after a silence another; signed from it; both end as "signed by", told on the card."""
    service, proposal = await vigie.proposed()
    first, second = (N3_B, N3_A) if proposal.id % 2 else (N3_A, N3_B)
    told = await call(vigie, proposal, first, "asked for first")
    for words in ("fix", "#", "The value is too high", "risk *low*", "min from this message", "Sign…"):
        assert words in text_of(told)
    told = await call(vigie, proposal, second, "you are the next")
    assert [(c.person.user_id, c.why) for c in calls(vigie, proposal)] == [
        (first.id, Why.FIRST),
        (second.id, Why.NEXT),
    ]
    assert calls(vigie, proposal)[1].at - calls(vigie, proposal)[0].at >= NEXT_AFTER
    await sign_from(vigie, second, told)
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1
    for person in (first, second):
        ended = await call(vigie, proposal, person, f"Signed by <@{second.id}>. Nothing left to do.")
        assert "actions" not in {block["type"] for block in ended["blocks"]}
    card = text_of(await vigie.message(f"proposal:{proposal.id}", "Called"))
    assert f"Called <@{first.id}> at" in card
    assert f"<@{second.id}> at" in card
    subjects = [event.subject for event in vigie.audited("called")]
    assert subjects.count(proposal.label) == 2


async def test_two_are_told_where_two_must_sign(vigie: World) -> None:
    """Both at once; who has signed has nothing left to do, the other still has, until both have."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    for person in (N3_A, N3_B):
        await call(vigie, proposal, person, "asked for first")
    await sign_from(vigie, N3_A, await call(vigie, proposal, N3_A))
    assert "You have signed it" in text_of(await call(vigie, proposal, N3_A, "1 of 2"))
    assert "Sign…" in text_of(await call(vigie, proposal, N3_B, "1 of 2"))
    await sign_from(vigie, N3_B, await call(vigie, proposal, N3_B))
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1
    await call(vigie, proposal, N3_A, f"Signed by <@{N3_A.id}>, <@{N3_B.id}>")


async def test_the_proposer_is_not_called(vigie: World) -> None:
    """N3 A proposed it: N3 B alone is told, and rejects it from the message; that ends it for them."""
    service, proposal = await vigie.proposed(by=N3_A)
    told = await call(vigie, proposal, N3_B, "asked for first")
    assert (await vigie.place.click(N3_B.id, "D" + N3_B.id[1:], told["ts"], "reject")).ok
    await call(vigie, proposal, N3_B, f"Rejected by <@{N3_B.id}>. Nothing left to do.")
    assert [c.person.user_id for c in calls(vigie, proposal)] == [N3_B.id]
    assert vigie.ledger(service) == []


async def test_nobody_is_told_twice_over_a_restart(vigie: World) -> None:
    """Killed once the first was told: the messages are as many afterwards, and edited like before."""
    _, proposal = await vigie.proposed()
    first = N3_B if proposal.id % 2 else N3_A
    await call(vigie, proposal, first)
    await vigie.kill()
    await vigie.start()
    assert (await vigie.place.click(first.id, CHANNEL, (await _card(vigie, proposal))["ts"], "reject")).ok
    await call(vigie, proposal, first, "Rejected by")
    keys = vigie.posted("D" + first.id[1:])
    assert len(set(keys)) == len(keys)


async def _card(vigie: World, proposal: Proposal) -> Message:
    await vigie.until("the connection", lambda: vigie.place.connections or None)
    return await vigie.message(f"proposal:{proposal.id}")


async def test_who_was_told_is_reminded_and_told_when_it_expired(tmp_path: Path) -> None:
    """Four minutes before the end a second message; at the end both say that nothing is left to do."""
    async with world(tmp_path) as vigie:
        _, proposal = await vigie.proposed(by=ON_CALL)
        await call(vigie, proposal, N3_B, "asked for first")
        vigie.push_time(proposal.sign_by - datetime.now(UTC) - timedelta(minutes=4))
        reminder = await call(vigie, proposal, N3_B, "the time to sign is nearly over", ":reminder")
        assert "Sign…" in text_of(reminder)
        vigie.push_time(proposal.sign_by - datetime.now(UTC) + timedelta(seconds=1))
        assert (await vigie.over(proposal)).state is ProposalState.EXPIRED
        for more in ("", ":reminder"):
            await call(vigie, proposal, N3_B, "The time is over", more)
        await vigie.message(f"proposal:{proposal.id}", "again, as time runs out")
