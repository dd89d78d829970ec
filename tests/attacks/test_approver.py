"""Group F: who may approve."""

from __future__ import annotations

import pytest

from tests.world import N3_A, ON_CALL, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.attack("F2")
async def test_the_proposer_cannot_sign_even_as_n3(vigie: World) -> None:
    """Who pressed Propose is refused with the reason, and nothing runs; somebody else of N3 can sign."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    proposal = await vigie.propose(incident, by=N3_A)
    assert await vigie.open_sign(N3_A, proposal) is None
    assert "somebody else of N3" in vigie.told(N3_A)[-1]
    assert vigie.ledger(service) == []


@pytest.mark.attack("P1")
async def test_a_signed_action_runs_once(vigie: World) -> None:
    """One signature by N3: the target's ledger holds exactly one run with the arguments that were shown."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    proposal = await vigie.propose(incident, by=ON_CALL)
    assert (await vigie.sign(N3_A, proposal)).ok
    ended = await vigie.over(proposal)
    assert ended.outcome is not None
    assert ended.outcome.value == "fixed"
    assert vigie.ledger(service) == [[str(vigie.target(service)), "fixed by vigie", "0"]]
