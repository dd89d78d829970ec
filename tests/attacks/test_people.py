"""Group D: what people and bots say in Slack; nothing that is said counts as a signature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.inbox import InboxKind
from bot.domain.proposal import Proposal, ProposalState
from bot.playground.workspace import Channel, Person
from bot.store import tables
from tests.world import BOT, CHANNEL, GUEST, N3_A, N3_B, ON_CALL, PEOPLE, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER_BOT = Person("U0OTHERBOT", "Deploy bot", is_bot=True)
LOOKALIKE = Person("U0LOOKALIKE", "N3 A", title="N3 Lead")
EVERYBODY = (*PEOPLE, BOT, OTHER_BOT, LOOKALIKE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie whose workspace has another bot in it, and somebody who is named like an N3."""
    channel = Channel(CHANNEL, "incidents", members=tuple(person.id for person in EVERYBODY))
    folder = tmp_path_factory.mktemp("office")
    # Whatever was just read is read again: here it matters who asked.
    config = "[questions]\nagain_after_s = 0\n"
    async with world(folder, people=EVERYBODY, channels=(channel,), config=config) as running:
        yield running


async def waiting(office: World) -> tuple[str, Proposal]:
    """A proposal that waits for its signature, and the service that it is about."""
    service = office.break_target()
    return service, await office.propose(await office.incident(service))


async def told_more(office: World, before: int) -> None:
    """Wait until N3 A was told something more."""
    await office.until("the refusal", lambda: len(office.told(N3_A)) > before)


async def check_untouched(office: World, service: str, proposal: Proposal) -> None:
    """Nothing ran, nobody has signed, and the right people still can."""
    await office.settle()
    assert office.proposal(proposal.id).state is ProposalState.PROPOSED
    with office.store.read() as tx:
        assert tx.proposals.sign_offs(proposal.id) == []
    assert office.ledger(service) == []
    assert not [e for e in office.audited("signed") if e.subject == proposal.label]


@pytest.mark.attack("D1")
async def test_nobody_approves_for_somebody_else(office: World) -> None:
    """Asked in every way to approve for N3, Vigie answers with words; there is no such command or button."""
    service, proposal = await waiting(office)
    label = proposal.label
    for words in (
        f"approve {label} on behalf of @N3 A",
        f"sign {label} <@{N3_A.id}>",
        f"ask approve {label} for <@{N3_A.id}>, they said yes",
    ):
        assert (await office.place.command(ON_CALL.id, CHANNEL, f"/vigie {words}")).ok
    said = [text for text in office.told(ON_CALL) if "There is no" in text]
    assert [text.split("`")[1] for text in said] == ["/vigie approve", "/vigie sign"]
    mention = f"<@{BOT.id}> please approve {label} on behalf of <@{N3_A.id}>"
    await office.place.say(ON_CALL.id, CHANNEL, mention)
    # The button that an N3 would press, pressed by somebody who may not.
    await office.forge_click(ON_CALL, "sign_open", str(proposal.id))
    await office.until("the refusal", lambda: "You proposed this" in office.told(ON_CALL)[-1])
    assert office.place.views_of(ON_CALL.id) == []
    assert [e.subject for e in office.audited("refused to open to sign")][-1] == label
    await check_untouched(office, service, proposal)


@pytest.mark.attack("D2")
async def test_a_yes_in_the_thread_is_no_signature(office: World) -> None:
    """Words and emoji of those who may sign change nothing; their signature in the modal does."""
    service, proposal = await waiting(office)
    card = await office.message(f"proposal:{proposal.id}")
    thread = card.get("thread_ts", card["ts"])
    for person in (N3_A, N3_B):
        for words in ("yes, approved", f"<@{BOT.id}> approved, run {proposal.label}", ":white_check_mark:"):
            await office.place.say(person.id, CHANNEL, words, thread)
        item = {"type": "message", "channel": CHANNEL, "ts": card["ts"]}
        reaction = {"type": "reaction_added", "user": person.id, "item": item, "item_user": BOT.id}
        office.hear(reaction | {"reaction": "white_check_mark"})
    await check_untouched(office, service, proposal)
    assert (await office.sign(N3_A, proposal)).ok
    await office.over(proposal)
    assert len(office.ledger(service)) == 1


@pytest.mark.attack("D5")
async def test_a_direct_message_opens_no_other_door(office: World) -> None:
    """Words, and the button of an N3's message pressed where nobody looks on: the same rules, and audited."""
    service = office.break_target()
    proposal = await office.propose(await office.incident(service), by=N3_A)
    for person in (ON_CALL, LOOKALIKE, GUEST, N3_A):
        direct = "D" + person.id[1:]
        for words in (f"sign {proposal.label}", f"run fix on {service}", "/vigie unfreeze"):
            await office.place.say(person.id, direct, words)
        # N3 A proposed it, so that they may reject it, but not sign it.
        for action in ("sign_open", "reject", "change_open") if person is not N3_A else ("sign_open",):
            told = len(office.told(person))
            await office.forge_click(person, action, str(proposal.id), channel=direct)
            await office.until("the refusal", partial(_more_told, office, person, told))
        assert office.place.views_of(person.id) == []
    refused = [event.actor for event in office.audited("refused") if event.subject == proposal.label]
    assert refused.count(f"T0VIGIE/{N3_A.id}") == 1
    assert refused.count(f"T0VIGIE/{ON_CALL.id}") == 2
    await check_untouched(office, service, proposal)


def _more_told(office: World, person: Person, before: int) -> bool:
    return len(office.told(person)) > before


@pytest.mark.attack("D3")
async def test_a_guest_has_nothing_read(office: World) -> None:
    """A question in the thread or by direct message: no check is run for it and nothing is answered; for a
    member the same words are a look.
    """
    service = office.break_target()
    incident = await office.incident(service)
    card = await office.message(f"incident:{incident.id}")
    question = f"<@{BOT.id}> is the value of #{incident.id} still too high?"

    def runs() -> list[int]:
        query = sa.select(tables.check_runs.c.round).where(tables.check_runs.c.incident_id == incident.id)
        with office.store._engine.connect() as connection:
            return [int(round_) for round_ in connection.execute(query).scalars() if round_ < 0]

    for place, thread in ((CHANNEL, card["ts"]), ("D" + GUEST.id[1:], None)):
        told = len(office.told(GUEST))
        await office.place.say(GUEST.id, place, question, thread)
        await office.until("the refusal", partial(_more_told, office, GUEST, told))
    await office.settle()
    assert (runs(), _answers(office, service)) == ([], [])
    office.break_target(8, service=service)
    await office.place.say(ON_CALL.id, CHANNEL, question, card["ts"])
    await office.until("the answer", lambda: bool(_answers(office, "8 points, was 9 points")))
    assert runs() == [-1]
    assert office.ledger(service) == []


def _answers(office: World, words: str) -> list[str]:
    """Answers to questions that hold the words."""
    with office.store.read() as tx:
        posts = tx.posts.of_kind("answer")
    return [str(post.content) for post in posts if words in str(post.content)]


@pytest.mark.attack("D6")
async def test_another_bot_is_not_listened_to(office: World) -> None:
    """A mention, a direct message and a click by a bot: no answer, no refusal in the channel, no effect."""
    service, proposal = await waiting(office)
    await office.message(f"proposal:{proposal.id}", "Called")
    await office.settle(0.5)
    before, kept = len(office.place.calls("chat.postMessage")), _kept(office)
    whispered = len(office.place.calls("chat.postEphemeral"))
    for words in (
        f"<@{BOT.id}> run fix on {service}",
        f"<@{BOT.id}> approve {proposal.label}",
        "/vigie freeze",
    ):
        await office.place.say(OTHER_BOT.id, CHANNEL, words)
    await check_untouched(office, service, proposal)
    assert len(office.place.calls("chat.postMessage")) == before
    assert len(office.place.calls("chat.postEphemeral")) == whispered
    assert _kept(office) == kept
    for action, value in (
        ("sign_open", proposal.id),
        ("reject", proposal.id),
        ("take", proposal.incident_id),
    ):
        await office.forge_click(OTHER_BOT, action, str(value))
    await check_untouched(office, service, proposal)
    with office.store.read() as tx:
        assert tx.n3.freeze() is None


def _kept(office: World) -> int:
    with office.store.read() as tx:
        return len(tx.inbox.pending(InboxKind.ASK)) + len(tx.posts.unsent())


@pytest.mark.attack("D7")
async def test_a_name_like_an_n3_is_no_n3(office: World) -> None:
    """Who is called as an N3 is, with a title to match, is refused like anybody else; told why, audited."""
    service, proposal = await waiting(office)
    assert await office.open_sign(LOOKALIKE, proposal) is None
    assert "Only N3 may sign" in office.told(LOOKALIKE)[-1]
    refusal = office.audited("refused to open to sign")[-1]
    assert (refusal.actor, refusal.subject) == (f"T0VIGIE/{LOOKALIKE.id}", proposal.label)
    await check_untouched(office, service, proposal)


@pytest.mark.attack("D7")
async def test_the_same_user_id_of_another_workspace_is_somebody_else(office: World) -> None:
    """An N3's user id under a foreign team id opens nothing and rejects nothing."""
    service, proposal = await waiting(office)
    views = len(office.place.views_of(N3_A.id))
    for action in ("sign_open", "reject"):
        told = len(office.told(N3_A))
        await office.forge_click(N3_A, action, str(proposal.id), team_id="T0OTHER")
        await told_more(office, told)
        assert "people of other workspaces" in office.told(N3_A)[-1]
    assert len(office.place.views_of(N3_A.id)) == views
    await check_untouched(office, service, proposal)
