"""Groups F and P: which N3 a rule asks for, by what is proposed and where; one human is one signature."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.errors import Misconfigured
from bot.playground.workspace import Channel, Person, UserGroup
from bot.settings import load
from bot.store import tables
from tests.world import BOT, CHANNEL, GROUP, N3_A, N3_B, ON_CALL, PEOPLE, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

N3_C, N3_D = Person("U0N3C", "N3 C"), Person("U0N3D", "N3 D")
N3 = (N3_A, N3_B, N3_C, N3_D)
EVERYBODY = (*PEOPLE, N3_C, N3_D, BOT)
DATABASE = "S0DATABASE"
RULES = """
[n3.groups.database]
usergroup = "n3-database"
[n3.groups.security]
pinned = ["T0VIGIE/U0N3B"]
[[sign_off_rules]]
services = ["svc-30"]
group = "database"
[[sign_off_rules]]
risk = ["high"]
services = ["svc-31"]
group = "database"
second_group = "security"
[[sign_off_rules]]
services = ["svc-32"]
reason = true
[[sign_off_rules]]
risk = ["high"]
services = ["svc-33"]
when_alone_minutes = 0.05
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie whose policy has groups, a second role, reasons, and one human with two accounts."""
    folder = tmp_path_factory.mktemp("policy")
    async with world(
        folder,
        config=RULES,
        people=EVERYBODY,
        channels=(Channel(CHANNEL, "incidents", members=tuple(person.id for person in EVERYBODY)),),
        user_groups=(
            UserGroup(GROUP, "n3", "N3", members=tuple(person.id for person in N3)),
            UserGroup(DATABASE, "n3-database", "N3 database", members=(N3_A.id, N3_C.id, ON_CALL.id)),
        ),
        start=False,
    ) as running:
        toml = folder / "vigie.toml"
        same = 'same_person = [["T0VIGIE/U0N3A", "T0VIGIE/U0N3D"]]'
        toml.write_text(toml.read_text().replace('usergroup = "n3"\n', f'usergroup = "n3"\n{same}\n', 1))
        await running.start()
        yield running


async def proposed(vigie: World, service: str, name: str = "ValueTooHigh") -> Proposal:
    """A proposal of on-call for this service."""
    vigie.break_target(service=service)
    return await vigie.propose(await vigie.incident(service, name=name))


async def refused(vigie: World, person: Person, proposal: Proposal, words: str) -> None:
    """No form opens, and the reason is told."""
    assert await vigie.open_sign(person, proposal) is None
    assert words in vigie.told(person)[-1]


@pytest.mark.attack("F8")
async def test_an_approver_of_another_scope_is_refused(vigie: World) -> None:
    """N3, but not of the group that the rule asks for; of the group, but not N3; then the right one."""
    proposal = await proposed(vigie, "svc-30")
    await refused(vigie, N3_B, proposal, "asks for N3 of database")
    await refused(vigie, N3_D, proposal, "asks for N3 of database")
    await vigie.forge_click(ON_CALL, "sign_open", str(proposal.id))
    assert vigie.ledger("svc-30") == []
    card = text_of(await vigie.message(f"proposal:{proposal.id}"))
    assert "Rule *every risk for svc-30*: 1 of N3: 1 of database." in card
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.over(proposal)
    assert len(vigie.ledger("svc-30")) == 1


@pytest.mark.attack("F8")
async def test_who_left_the_scope_between_signing_and_execution_has_not_signed(vigie: World) -> None:
    """Still N3, but out of the group when it runs: the executor reads the group again."""
    proposal = await proposed(vigie, "svc-30")
    with vigie.held():
        assert (await vigie.sign(N3_C, proposal)).ok
        vigie.place.set_group_members(DATABASE, [N3_A.id])
    ended = await vigie.over(proposal)
    vigie.place.set_group_members(DATABASE, [N3_A.id, N3_C.id])
    assert ended.state is ProposalState.REJECTED
    assert "it lacks database" in ended.reason
    assert len(vigie.ledger("svc-30")) == 1, "the one of the case before"


@pytest.mark.attack("F8")
async def test_a_second_role_is_another_persons(vigie: World) -> None:
    """Two of the database do not make one of security; and who came back to the group waits a day."""
    proposal = await proposed(vigie, "svc-31", "ValueTooRisky")
    await refused(vigie, N3_C, proposal, "You joined database")
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.settle()
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert (await vigie.sign(N3_B, proposal)).ok
    assert (await vigie.over(proposal)).outcome is Outcome.FIXED
    assert len(vigie.ledger("svc-31")) == 1


@pytest.mark.attack("F6")
async def test_two_accounts_of_one_human_are_one_signature(vigie: World) -> None:
    """A and D are one human: neither makes two with the other, nor signs what the other proposed."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    assert (await vigie.sign(N3_A, proposal)).ok
    assert (await vigie.sign(N3_D, proposal)).ok
    await vigie.settle()
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []
    assert (await vigie.sign(N3_B, proposal)).ok
    assert (await vigie.over(proposal)).outcome is Outcome.FIXED
    _, own = await vigie.proposed(by=N3_D)
    await refused(vigie, N3_A, own, "another account of yours")


@pytest.mark.attack("F9")
async def test_where_the_group_cannot_be_read_nobody_is_in_it(vigie: World) -> None:
    """Slack names the groups, not who is in them: no form, no signature, no execution."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    vigie.place.faults.fail("usergroups.users.list", "fatal_error", 1000)
    await vigie.place.submit(N3_A.id, view["id"], {})
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    await refused(vigie, N3_B, proposal, "cannot be read")
    vigie.place.faults.clear()
    with vigie.held():
        assert (await vigie.sign(N3_B, proposal)).ok
        vigie.place.faults.fail("usergroups.users.list", "fatal_error", 1000)
    await vigie.settle()
    assert vigie.ledger(service) == []
    vigie.place.faults.clear()
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1


async def test_a_reason_is_asked_for_and_kept(vigie: World) -> None:
    """Without one, or with a few letters, nothing is signed; with one it stands on card and log."""
    proposal = await proposed(vigie, "svc-32")
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    for reason in ({}, {"reason": {"text": "ok"}}, {"reason": {"text": " " * 20}}):
        assert not (await vigie.place.submit(N3_A.id, view["id"], reason)).ok
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    why = "The queue has been full for an hour."
    assert (await vigie.place.submit(N3_A.id, view["id"], {"reason": {"text": why}})).ok
    await vigie.over(proposal)
    assert why in text_of(await vigie.message(f"proposal:{proposal.id}", "Verification"))
    assert vigie.audited("signed")[-1].detail["reason"] == why


@pytest.mark.attack("P9")
async def test_nothing_that_is_said_or_set_lowers_the_bar(vigie: World) -> None:
    """Words, commands and a row that asks for no signature: two are needed all the same."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    for words in ("always allow fix_risky", "allow all in this channel", "<@U0VIGIE> approve everything"):
        await vigie.place.say(N3_A.id, CHANNEL, words)
    for words in ("allow", "allow fix_risky", "trust on", "policy high 0"):
        await vigie.place.command(N3_A.id, CHANNEL, f"/vigie {words}")
    lowered = sa.update(tables.proposals).where(tables.proposals.c.id == proposal.id)
    vigie.tamper(lowered.values(signatures_needed=0))
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.settle()
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    vigie.tamper(lowered.values(state="signed", execute_by=vigie.store.now() + timedelta(minutes=5)))
    ended = await vigie.over(proposal)
    assert "fewer than 2 valid signature(s)" in ended.reason
    assert vigie.ledger(service) == []


async def test_one_alone_signs_with_a_reason_and_others_look_at_it(vigie: World) -> None:
    """Time alone signs nothing; then once, said on the card, and reviewed the next day by others."""
    proposal = await proposed(vigie, "svc-33", "ValueTooRisky")
    assert (await vigie.sign(N3_B, proposal)).ok
    everybody = [f"call:{proposal.id}:{person.id}" for person in (N3_A, N3_C, N3_D)]
    await vigie.until("all were called", lambda: all(_called(vigie, key) for key in everybody))
    await vigie.settle(2.0)
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED, "time signs nothing"
    view = await vigie.open_sign(N3_B, proposal)
    assert view is not None
    assert view["submit"]["text"] == "Sign alone"
    assert "You are alone" in text_of(view)
    why = "Orders are lost, and nobody else answers."
    assert (await vigie.place.submit(N3_B.id, view["id"], {"reason": {"text": why}})).ok
    assert (await vigie.over(proposal)).outcome is Outcome.FIXED
    assert len(vigie.ledger("svc-33")) == 1
    assert "One N3 signed alone" in text_of(await vigie.message(f"proposal:{proposal.id}", why))
    assert vigie.audited("signed alone")[-1].actor == "T0VIGIE/U0N3B"

    vigie.push_time(timedelta(days=1, hours=9))
    card = await vigie.message(f"review:{proposal.id}", why)
    await vigie.place.click(N3_B.id, CHANNEL, card["ts"], "review_fine")
    await vigie.until("the refusal", lambda: "You signed it" in (vigie.told(N3_B) or [""])[-1])
    assert (await vigie.place.click(N3_A.id, CHANNEL, card["ts"], "review_not")).ok
    await vigie.message(f"review:{proposal.id}", "should not have been signed alone")
    assert vigie.audited("reviewed")[-1].detail.keys() == {"slack"}


def _called(vigie: World, key: str) -> bool:
    with vigie.store.read() as tx:
        return tx.posts.get(key) is not None


_RULE = "usergroup = 'n3'\n[[sign_off_rules]]\n"


@pytest.mark.attack("P7")
@pytest.mark.parametrize(
    ("added", "words"),
    [
        ("usergroup = 'everyone'", "@everyone is everybody"),
        ("usergroup = 'n3'\n[n3.groups.database]\nusergroup = ''", "names nobody"),
        ("usergroup = 'n3'\n[n3.groups.database]\nusergroup = '@channel'", "is everybody"),
        (f"{_RULE}group = 'database'", "Add [n3.groups.database]"),
        (f"{_RULE}signatures = 0", "sign_off_rules.0.signatures"),
        (f"{_RULE}second_group = 'x'\nsignatures = 1", "2 signatures or more"),
        (f"{_RULE}reason = true\n[[sign_off_rules]]\nsignatures = 1", "Two rules"),
        (f"{_RULE}risk = ['destructive']\nwhen_alone_minutes = 5", "never signed"),
        (f"{_RULE}group = 'a'\nsignatures = 2\n[n3.groups.a]\npinned = ['T1/U1']", "needs 2 of a"),
    ],
)
async def test_a_rule_that_would_let_anybody_or_nobody_sign_is_refused_at_load(
    tmp_path: Path, added: str, words: str
) -> None:
    """An empty or all-embracing group, a group that is not there, no signature, one person in two roles."""
    path = tmp_path / "vigie.toml"
    path.write_text(f"[n3]\n{added}")
    with pytest.raises(Misconfigured) as told:
        _ = load(path, {}).policy
    assert words in str(told.value)
