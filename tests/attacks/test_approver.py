"""Groups F and P: who may approve, at the click and again when it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.playground.workspace import Channel, Person, UserGroup
from bot.store import tables
from knowledge.model import Document
from tests.attacks.over_http import PATH, body_of, command, headers_for
from tests.world import (
    BOT,
    CHANNEL,
    GROUP,
    GUEST,
    N3_A,
    N3_B,
    ON_CALL,
    PAST,
    PAST_RISKY,
    PEOPLE,
    SECOND,
    World,
    text_of,
    world,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Whoever leaves N3 waits a day after coming back, so each case that removes somebody has its own.
LEAVING = tuple(Person(f"U0LEAVES{n}", f"N3 leaving {n}") for n in range(4))
N3 = (N3_A, N3_B, *LEAVING)
EVERYBODY = (*PEOPLE, *LEAVING, BOT)
PAST_WORSE = Document(
    id="incidents/value-worse",
    title="The value went worse",
    kind="incident",
    text="## What happened\n\nThe worse value of the target broke its bound.\n\n## Cause\n\nworse value\n",
    alerts=("ValueWorse",),
    cause="worse-value",
    actions=("fix_in_vain",),
)


def _with_undo(catalogue: dict[str, Any]) -> None:
    """An action that does not help, and one that takes it back."""
    fix = catalogue["actions"]["fix"]
    vain = {key: value for key, value in fix.items() if key != "no_undo"}
    value = fix["arguments"]["value"] | {"default": 8}
    vain |= {
        "title": "Set the value, in vain",
        "arguments": fix["arguments"] | {"value": value},
        "undo": {"action": "put_back", "arguments": {"target": "{target}"}},
    }
    catalogue["actions"] |= {"fix_in_vain": vain, "put_back": fix | {"title": "Put the value back"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie with more people in N3, and with an action that can be undone."""
    async with world(
        tmp_path_factory.mktemp("approver"),
        change_catalogue=_with_undo,
        documents=(PAST, PAST_RISKY, PAST_WORSE),
        people=EVERYBODY,
        channels=(Channel(CHANNEL, "incidents", members=tuple(person.id for person in EVERYBODY)),),
        user_groups=(UserGroup(GROUP, "n3", "N3", members=tuple(person.id for person in N3)),),
    ) as running:
        yield running


def leave(vigie: World, *people: Person) -> None:
    """Take people out of the Slack group, as an administrator would."""
    members = vigie.place._core.team.groups[GROUP].members
    gone = {person.id for person in people}
    vigie.place.set_group_members(GROUP, [member for member in members if member not in gone])


def record_proposer(vigie: World, proposal: Proposal, person: Person) -> None:
    """What editing the arguments does: the record names the person as its proposer."""
    key = f"{proposal.proposer.team_id}/{person.id}"
    change = sa.update(tables.proposals).where(tables.proposals.c.id == proposal.id)
    vigie.tamper(change.values(proposer=key))


@pytest.mark.attack("F1")
async def test_without_a_signing_secret_there_is_no_such_door(vigie: World) -> None:
    """In Socket Mode alone, nothing answers under the path, whatever it is signed with."""
    body = body_of(command(vigie, N3_A, "freeze"))
    for headers in (headers_for(body), headers_for(body, secret="")):
        assert (await vigie.post(body, headers=headers, path=PATH))[0] == 404
    assert vigie.audited("frozen") == []


@pytest.mark.attack("F2")
async def test_the_proposer_cannot_sign_even_as_n3(vigie: World) -> None:
    """Who pressed Propose is refused with the reason, and nothing runs; somebody else of N3 can sign."""
    service, proposal = await vigie.proposed(by=N3_A)
    assert await vigie.open_sign(N3_A, proposal) is None
    assert "somebody else of N3" in vigie.told(N3_A)[-1]
    assert vigie.audited("refused to open to sign")[-1].actor == "T0VIGIE/U0N3A"
    assert vigie.ledger(service) == []
    assert (await vigie.sign(N3_B, proposal)).ok
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("F3")
async def test_whoever_edited_the_arguments_cannot_sign(vigie: World) -> None:
    """The recorded proposer is refused, also with the modal open; who proposed first is free to sign."""
    service, proposal = await vigie.proposed(by=N3_A)
    view = await vigie.open_sign(N3_B, proposal)
    assert view is not None
    record_proposer(vigie, proposal, N3_B)
    outcome = await vigie.place.submit(N3_B.id, view["id"], {})
    assert "Not signed" in text_of(outcome.view)
    assert await vigie.open_sign(N3_B, proposal) is None
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("F3")
async def test_a_signature_stops_counting_once_its_giver_is_the_proposer(vigie: World) -> None:
    """The executor asks again: who signed and then edited has not signed."""
    service, proposal = await vigie.proposed()
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        record_proposer(vigie, proposal, N3_A)
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.REJECTED
    assert "fewer than 1 valid signature" in ended.reason
    assert vigie.ledger(service) == []


@pytest.mark.attack("F3")
async def test_who_proposes_an_undo_cannot_sign_it(vigie: World) -> None:
    """An undo is a proposal of its own: who presses it needs somebody else, and it runs once they signed."""
    service, proposal = await vigie.proposed(name="ValueWorse")
    assert (await vigie.sign(N3_B, proposal)).ok
    ended = await vigie.over(proposal)
    assert ended.outcome is Outcome.NOT_FIXED
    incident = vigie.open_incident(service)
    assert incident is not None
    card = await vigie.message(f"proposal:{proposal.id}", "Propose the undo")
    await vigie.place.click(N3_A.id, CHANNEL, card["ts"], "undo")
    await vigie.until("the undo", lambda: len(vigie.proposals(incident)) == 2)
    undo = vigie.proposals(incident)[1]
    await vigie.message(f"proposal:{undo.id}", "signature(s) needed")
    assert undo.undo_of == proposal.id
    assert await vigie.open_sign(N3_A, undo) is None
    assert len(vigie.ledger(service)) == 1
    assert (await vigie.sign(N3_B, undo)).ok
    assert (await vigie.over(undo)).outcome is Outcome.FIXED
    assert len(vigie.ledger(service)) == 2


@pytest.mark.attack("F4")
async def test_who_left_between_signing_and_execution_has_not_signed(vigie: World) -> None:
    """Membership is read again when it runs: signed by somebody who is gone by then is not signed."""
    service, proposal = await vigie.proposed()
    with vigie.held():
        assert (await vigie.sign(LEAVING[0], proposal)).ok
        leave(vigie, LEAVING[0])
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.REJECTED
    assert "valid signature" in ended.reason
    assert vigie.audited("N3 left")
    assert vigie.ledger(service) == []


@pytest.mark.attack("F4")
async def test_who_leaves_while_the_pre_condition_is_checked_has_not_signed(vigie: World) -> None:
    """The last thing read before the claim is who is N3, after the checks that take their time."""
    service, proposal = await vigie.proposed()
    vigie.slow_checks(service)
    assert (await vigie.sign(LEAVING[1], proposal)).ok
    await vigie.until_looked(service)
    leave(vigie, LEAVING[1])
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.REJECTED
    assert "valid signature" in ended.reason
    assert vigie.ledger(service) == []


@pytest.mark.attack("F5")
async def test_a_role_that_was_removed_while_pending_signs_nothing(vigie: World) -> None:
    """The modal was opened as N3; submitted after leaving it is refused, and so is opening it anew."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(LEAVING[2], proposal)
    assert view is not None
    leave(vigie, LEAVING[2])
    outcome = await vigie.place.submit(LEAVING[2].id, view["id"], {})
    assert "Not signed" in text_of(outcome.view)
    assert await vigie.open_sign(LEAVING[2], proposal) is None
    assert "not in the N3 group" in vigie.told(LEAVING[2])[-1]
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    await vigie.settle()
    assert vigie.ledger(service) == []


@pytest.mark.attack("F5")
async def test_a_first_signature_whose_giver_left_does_not_count(vigie: World) -> None:
    """Of two signatures needed the first giver leaves: the second alone is one, a third person makes two."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    assert (await vigie.sign(LEAVING[3], proposal)).ok
    leave(vigie, LEAVING[3])
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.settle()
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []
    assert (await vigie.sign(N3_B, proposal)).ok
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("F7")
async def test_one_person_is_one_signature(vigie: World) -> None:
    """Two are needed: the same N3 twice, one after the other and at once, is told so and counts once."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    views = [await vigie.open_sign(N3_A, proposal) for _ in range(3)]
    await asyncio.gather(*(vigie.place.submit(N3_A.id, view["id"], {}) for view in views if view is not None))
    still_open = [text_of(view) for view in vigie.place.views_of(N3_A.id)]
    assert len([text for text in still_open if "it counts once" in text]) == 2
    await vigie.settle()
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []
    assert (await vigie.sign(N3_B, proposal)).ok
    assert (await vigie.over(proposal)).outcome is Outcome.FIXED
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("P8")
async def test_only_n3_may_be_shown_the_modal(vigie: World) -> None:
    """On-call, another member and a guest press Sign…: each is refused in words, and nothing is signed."""
    service, proposal = await vigie.proposed()
    for person, words in ((ON_CALL, "somebody else"), (SECOND, "Only N3"), (GUEST, "Guests")):
        assert await vigie.open_sign(person, proposal) is None
        assert words in vigie.told(person)[-1]
    card = await vigie.message(f"proposal:{proposal.id}")
    for person in (SECOND, GUEST):
        await vigie.place.click(person.id, CHANNEL, card["ts"], "reject")
    await vigie.settle()
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []


@pytest.mark.attack("P7")
@pytest.mark.parametrize(
    ("n3", "words"),
    [
        ("", "[n3] names nobody"),
        ("[n3]\n", "[n3] names nobody"),
        ('[n3]\nusergroup = ""\npinned = []\n', "[n3] names nobody"),
        ('[n3]\npinned = [""]\n', "n3.pinned"),
        ('[n3]\npinned = ["T0VIGIE/"]\n', "n3.pinned"),
        ('[n3]\npinned = ["*"]\n', "n3.pinned"),
        ('[n3]\nusergroup = "n3"\nchange_signatures = 0\n', "change_signatures"),
        (
            '[n3]\nusergroup = "n3"\n[policy.low]\nsignatures = 0\nminutes_to_sign = 5\n',
            "signatures",
        ),
    ],
)
async def test_an_empty_list_of_approvers_is_refused_at_load(tmp_path: Path, n3: str, words: str) -> None:
    """`serve` does not start where nobody, or anybody, could sign: it ends with 2 and says what to set."""
    from bot.errors import Misconfigured
    from bot.settings import load

    path = tmp_path / "vigie.toml"
    path.write_text(n3)
    with pytest.raises(Misconfigured) as refused:
        load(path, {}).require_n3()
    assert words in str(refused.value)


@pytest.mark.attack("P7")
async def test_an_empty_group_is_nobody(tmp_path: Path) -> None:
    """The Slack group has no members, not even at the first start: nobody signs, who joins has to wait.

    `serve` refuses such a first start where it can look; here Slack was away when it looked.
    """
    async with world(tmp_path, start=False, user_groups=(UserGroup(GROUP, "n3", "N3"),)) as empty:
        empty.place.faults.down(3600)
        await empty.start()
        empty.place.faults.clear()
        await empty.until("N3 was read at the start", lambda: bool(empty.audited("N3 found")))
        empty.place.set_group_members(GROUP, [SECOND.id])
        service, proposal = await empty.proposed()
        assert await empty.open_sign(SECOND, proposal) is None
        assert "joined N3 recently" in empty.told(SECOND)[-1]
        assert await empty.open_sign(N3_A, proposal) is None
        assert "not in the N3 group" in empty.told(N3_A)[-1]
        assert empty.ledger(service) == []
