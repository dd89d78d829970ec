"""What the executor prepares for a signature: only what would help now, and nothing without a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.domain.proposal import ProposalState
from bot.tools import case
from tests.proof.gate import Gate
from tests.proof.outside import ON_CALL, A


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate(1)
    with made.played():
        yield made
    made.close()


def test_what_would_not_help_now_is_not_prepared(gate: Gate) -> None:
    """The pre-condition asks for 6 or more and reads 3: refused with the reason, and nobody can sign it."""
    gate.scene.outside = replace(gate.scene.outside, value=3)
    made = gate.propose(ON_CALL, 0)
    assert (made.state, made.digest) == (ProposalState.REJECTED, "")
    assert "does not hold" in made.reason
    assert not gate.copilot.signing.sign(A, made.id, "").allowed


def test_what_helped_no_more_by_the_time_it_ran_is_not_run(gate: Gate) -> None:
    """Signed while it held; by the time of its execution the value is well again."""
    made = gate.propose(ON_CALL, 0)
    assert gate.copilot.signing.sign(A, made.id, made.digest).allowed
    gate.scene.outside = replace(gate.scene.outside, value=3)
    gate.execute(made.id)
    assert gate.proposal(made.id).state is ProposalState.REJECTED
    assert gate.scene.outside.acted == ()


def test_that_it_held_is_signed_where_the_second_look_adds_nothing(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the pre-condition holds is part of the digest by itself."""
    monkeypatch.setattr(case, "sign_second_look", lambda plan, *looks: None)
    test_what_helped_no_more_by_the_time_it_ran_is_not_run(gate)
