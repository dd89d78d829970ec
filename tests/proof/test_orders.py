"""No order of clicks, time, crashes and workers runs what was not signed; both explorers would say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.domain.proposal import ProposalState
from bot.sign_off import quorum
from bot.store.proposals import Proposals
from bot.tools import claiming, standing
from tests.proof.histories import Histories
from tests.proof.model_check import check
from tests.proof.play import Action, Player

pytestmark = pytest.mark.timeout(240)  # twelve seconds of a processor that others use, too


USED = [("fire", "cart"), ("begin", 0, 2), *[("go_on", 0)] * 4]
"""A use of a standing sign-off, to its end."""
AGAIN: list[Action] = [("fire", "stock"), ("begin", 0, 3), ("go_on", 0), ("go_on", 0)]


@pytest.fixture(scope="module")
def histories() -> Iterator[Histories]:
    made = Histories()
    yield made
    made.close()


@pytest.mark.parametrize("needed", [1, 2])
def test_every_order_near_the_straight_way_is_safe(needed: int) -> None:
    """Two steps in every direction from each state of a run; `scripts/model_check --size full` goes six."""
    told = check(needed, depth=2)
    assert told.violations == []
    assert told.transitions > 500
    assert told.executed > 3 and told.refused > 3


def test_every_order_near_a_use_of_a_standing_sign_off_is_safe() -> None:
    """One step from each state of what runs by itself; `scripts/model_check --size full` goes four."""
    told = check(1, depth=1, by_itself=True)
    assert told.violations == []
    assert told.transitions > 150


def test_random_histories_agree_with_the_reference(histories: Histories) -> None:
    """`scripts/histories --size full` plays 100,000."""
    told = histories.play(range(1, 101))
    assert told.failing == []
    assert told.executed > 20 and told.refused > 12


def test_a_claim_that_lets_two_through_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The explorer itself: with the compare-and-set taken out it says which history runs twice."""
    real = Proposals.move

    def from_any(self: Proposals, number: int, _: object, state: ProposalState, **values: object) -> bool:
        return real(self, number, tuple(ProposalState), state, **values)

    monkeypatch.setattr(Proposals, "move", from_any)
    told = check(1, depth=2, most=1)
    assert told.violations


def test_a_missed_rule_is_found_and_shrunk(histories: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last judgement taken out: some history runs what it must not, and its shortest form is told."""
    real = quorum.may_execute

    def never_frozen(*given: object) -> object:
        proposal, signs, fresh, n3, policy, _, now = given
        return real(proposal, signs, fresh, n3, policy, False, now)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(claiming, "may_execute", never_frozen)
    told = histories.play(range(50, 80), stop_at=1)
    assert "frozen" in told.failing[0].problem
    assert len(told.failing[0].actions) <= 5
    assert histories.replay(told.failing[0].first, told.failing[0].actions) == told.failing[0].problem


@pytest.mark.parametrize(
    ("rule", "history"),
    [
        ("under_way", [*USED, *AGAIN]),
        ("went_badly", [*USED, ("verify", 2, False), *AGAIN]),
    ],
)
def test_a_missed_rule_of_standing_sign_offs_is_found(
    histories: Histories, monkeypatch: pytest.MonkeyPatch, rule: str, history: list[Action]
) -> None:
    """Both sides agree on this history; with one of the executor's rules taken out they do not."""
    assert histories.replay((1, ""), history) == ""
    monkeypatch.setattr(standing, rule, lambda *given: None)
    assert histories.replay((1, ""), history)


@pytest.mark.attack("G2")
def test_a_target_that_changes_between_two_looks_is_not_touched() -> None:
    """The pre-condition saw what was signed; the verification's check, a moment later, sees another."""
    gate, node = Player.begin(1)
    with gate.played():
        player = Player(gate, node)
        for action in (("propose", "P", 1), ("sign", "A", 1), ("begin", 0, 1), ("target", "two")):
            assert player.do(action) == []
        assert [player.do(("go_on", 0)), player.do(("go_on", 0))] == [[], []]
        assert player.workers[0] is None
        assert gate.proposal(1).state is ProposalState.REJECTED
        assert gate.scene.outside.acted == ()
    gate.close()
