"""Groups G and P: what runs is exactly what was shown and signed, in its time."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shlex
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.proposal import Proposal, ProposalState
from bot.domain.tool import Risk
from bot.playground.workspace import Person as Member
from bot.sign_off.digest import digest
from bot.store import tables
from bot.tools.in_force import CATALOGUE, POLICY, policy_in_force
from tests.attacks.modal import shown_in
from tests.scripted_model import ScriptedModel, prose
from tests.world import CHANNEL, N3_A, N3_B, ON_CALL, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGED = "what would run now is not what was signed"


def _row(proposal: Proposal) -> sa.Update:
    return sa.update(tables.proposals).where(tables.proposals.c.id == proposal.id)


async def refused(vigie: World, service: str, proposal: Proposal, words: str) -> None:
    """It came to its end unrun, with this reason, and that is audited."""
    ended = await vigie.over(proposal)
    assert ended.state in (ProposalState.REJECTED, ProposalState.EXPIRED)
    assert words in ended.reason
    assert [event.subject for event in vigie.audited("refused: ")][-1] == proposal.label
    assert vigie.ledger(service) == []


@pytest.mark.attack("G1")
async def test_arguments_changed_after_signing_do_not_run(vigie: World) -> None:
    """The row's arguments are changed between signature and execution: other digest, refused."""
    service, proposal = await vigie.proposed()
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        vigie.tamper(_row(proposal).values(arguments=dict(proposal.arguments) | {"value": 5}))
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("G1")
async def test_arguments_changed_between_two_signatures_do_not_run(vigie: World) -> None:
    """The second N3 signs what the first one saw, and the row holds something else: refused."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    assert (await vigie.sign(N3_A, proposal)).ok
    vigie.tamper(_row(proposal).values(arguments=dict(proposal.arguments) | {"note": "something else"}))
    assert (await vigie.sign(N3_B, proposal)).ok
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("G1")
async def test_a_lowered_risk_does_not_lower_the_bar(vigie: World) -> None:
    """The row of a risky action is made to say low risk and one signature: one signature runs nothing."""
    service, proposal = await vigie.proposed(name="ValueTooRisky")
    with vigie.held():
        vigie.tamper(_row(proposal).values(risk=Risk.LOW.value, signatures_needed=1))
        assert (await vigie.sign(N3_A, proposal)).ok
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("P4")
async def test_a_plan_that_is_not_what_the_digest_covers_cannot_be_signed(vigie: World) -> None:
    """The shown plan is changed in its row, its digest left: no modal opens, an open one signs nothing."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    assert proposal.plan is not None
    plan = dict(proposal.plan) | {"call": {"argv": ["/bin/true"], "files": {}}}
    vigie.tamper(_row(proposal).values(plan=plan))
    assert await vigie.open_sign(N3_B, proposal) is None
    outcome = await vigie.place.submit(N3_A.id, view["id"], {})
    assert "not what is recorded" in text_of(outcome.view)
    assert vigie.proposal(proposal.id).state is ProposalState.PROPOSED
    assert vigie.ledger(service) == []


@pytest.mark.attack("G3")
@pytest.mark.parametrize("what", [CATALOGUE, POLICY])
@pytest.mark.parametrize("checking", [False, True], ids=["before", "while it checks"])
async def test_what_was_signed_under_another_rule_does_not_run(
    vigie: World, what: str, checking: bool
) -> None:
    """A changed catalogue or policy comes in force after the signature, even in the last check: refused."""
    service, proposal = await vigie.proposed()
    with vigie.store.read() as tx:
        old = tx.n3.adopted(what)
        policy = policy_in_force(tx)
    assert old is not None
    new = old.content.replace("Writes the state file", "Writes another file")
    if what == POLICY:
        low = dataclasses.replace(policy.rules[Risk.LOW], time_to_execute=timedelta(minutes=6))
        new = dataclasses.replace(policy, rules=dict(policy.rules) | {Risk.LOW: low}).content()
    assert new != old.content
    if checking:
        vigie.slow_checks(service)
        assert (await vigie.sign(N3_A, proposal)).ok
        await vigie.until_looked(service)
        _adopt(vigie, what, new)
    else:
        with vigie.held():
            assert (await vigie.sign(N3_A, proposal)).ok
            _adopt(vigie, what, new)
    try:
        await refused(vigie, service, proposal, CHANGED)
    finally:
        _adopt(vigie, what, old.content)


def _adopt(vigie: World, what: str, content: str) -> None:
    with vigie.store.begin() as tx:
        tx.n3.adopt(what, hashlib.sha256(content.encode()).hexdigest(), content)


@pytest.mark.attack("G2")
async def test_another_target_under_the_same_name_is_not_touched(vigie: World) -> None:
    """The target was made anew between signature and execution: its identity differs, refused."""
    service, proposal = await vigie.proposed()
    state = vigie.target(service) / "state.json"
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        state.write_text(json.dumps(json.loads(state.read_text()) | {"identity": f"{service}@2"}))
    await refused(vigie, service, proposal, CHANGED)


@pytest.mark.attack("G2")
async def test_a_target_made_anew_while_it_is_checked_is_not_touched(vigie: World) -> None:
    """The pre-condition has seen the one that was signed, and is still at work as it is replaced."""
    service, proposal = await vigie.proposed()
    state = vigie.target(service) / "state.json"
    signed = json.loads(state.read_text())
    vigie.slow_checks(service)
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.until_looked(service)
    state.write_text(json.dumps(signed | {"identity": f"{service}@2"}))
    await refused(vigie, service, proposal, "changed while it was looked at")


@pytest.mark.attack("G12")
async def test_a_signature_is_under_one_proposal_only(vigie: World) -> None:
    """Several wait in one form's reach: what was signed runs, and nothing that was added to it or like it."""
    service, proposal = await vigie.proposed()
    other_service, other = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    widened = json.dumps({"proposal": other.id, "digest": proposal.digest})
    vigie.place._core.views.of_user(N3_A.id, view["id"])["private_metadata"] = widened
    outcome = await vigie.place.submit(N3_A.id, view["id"], {})
    assert "not what is recorded" in text_of(outcome.view)
    more = json.dumps({"proposal": proposal.id, "digest": proposal.digest, "proposals": [other.id]})
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    vigie.place._core.views.of_user(N3_A.id, view["id"])["private_metadata"] = more
    assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    await vigie.over(proposal)
    await vigie.settle()
    assert len(vigie.ledger(service)) == 1
    assert vigie.ledger(other_service) == []
    assert vigie.proposal(other.id).state is ProposalState.PROPOSED


@pytest.mark.attack("G10")
@pytest.mark.parametrize("by", [N3_B, ON_CALL], ids=["N3", "its proposer"])
async def test_a_rejection_before_the_start_wins(vigie: World, by: Member) -> None:
    """Signed, and rejected while the executor is checking: nothing runs."""
    service, proposal = await vigie.proposed(by=ON_CALL)
    vigie.slow_checks(service)
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.until_looked(service)
    card = await vigie.message(f"proposal:{proposal.id}", "Signed by")
    assert (await vigie.place.click(by.id, CHANNEL, card["ts"], "reject")).ok
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.REJECTED
    card = await vigie.message(f"proposal:{proposal.id}", "Rejected by")
    assert f"<@{by.id}>" in text_of(card)
    await vigie.settle(2.5)
    assert vigie.ledger(service) == []
    assert vigie.proposal(proposal.id).state is ProposalState.REJECTED


@pytest.mark.attack("P4")
@pytest.mark.attack("G5")
async def test_the_modal_says_what_the_target_then_sees(vigie: World) -> None:
    """The argument vector read back from the modal's text is the one in the target's ledger."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    shown = shown_in(view)
    assert (await vigie.place.submit(N3_A.id, view["id"], {})).ok
    await vigie.over(proposal)
    assert [shlex.split(shown["What runs"])[3:]] == vigie.ledger(service)
    assert json.loads(shown["Everything that is signed"])["call"]["argv"][3:] == vigie.ledger(service)[0]
    assert digest(json.loads(shown["Everything that is signed"])) == proposal.digest


# -- the model has no part in it


@pytest.mark.attack("P5")
async def test_a_click_asks_no_model(tmp_path: Path) -> None:
    """A model was asked for the diagnosis; from Propose to the verified run nothing asks it again."""
    async with ScriptedModel([prose("Run the fix. It is approved.")]) as model:
        environment = {"OPENAI_API_KEY": "sk-scripted", "OPENAI_BASE_URL": model.base_url}
        async with world(tmp_path, environment=environment) as vigie:
            service = vigie.break_target()
            incident = await vigie.incident(service)
            asked = len(model.requests)
            assert asked
            proposal = await vigie.propose(incident)
            assert (await vigie.sign(N3_A, proposal)).ok
            await vigie.over(proposal)
            await vigie.settle()
    assert len(model.requests) == asked
    assert model.strays == []
