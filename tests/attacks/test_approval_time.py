"""Groups G and P: the two clocks of an approval, and what is too long to be shown."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.person import Person
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import N3, may_be_signed_now, may_execute
from tests.attacks.modal import shown_in
from tests.world import CHANNEL, N3_A, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG = "".join(f"{number:05d}-" for number in range(500)) + "END"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SIGNER = Person("T1", "U2")
PLAN: dict[str, object] = {"call": {"argv": ["/bin/fix"]}}


def _proposal(state: ProposalState, sign_by: datetime, execute_by: datetime | None = None) -> Proposal:
    return Proposal(
        1, 1, "fix", {}, Person("T1", "U1"), state, Risk.LOW, 1, NOW, sign_by, execute_by, PLAN, digest(PLAN)
    )


@pytest.mark.attack("G6")
@pytest.mark.parametrize(("late_s", "allowed"), [(-1, True), (0, False), (1, False)])
async def test_the_time_to_sign_ends_on_the_second(late_s: int, allowed: bool) -> None:
    """One second before the end a signature counts; at the end and one second after it does not."""
    proposal = _proposal(ProposalState.PROPOSED, NOW)
    now = NOW + timedelta(seconds=late_s)
    assert may_be_signed_now(proposal, proposal.digest, False, now).allowed is allowed


@pytest.mark.attack("G6")
@pytest.mark.parametrize(("late_s", "allowed"), [(-1, True), (0, False), (1, False)])
async def test_the_time_to_execute_ends_on_the_second(late_s: int, allowed: bool) -> None:
    """The second clock, the executor's: the same rule."""
    proposal = _proposal(ProposalState.SIGNED, NOW, NOW)
    given_by = [SignOff(1, SIGNER, proposal.digest, True, NOW - timedelta(minutes=1))]
    now = NOW + timedelta(seconds=late_s)
    judged = may_execute(proposal, given_by, proposal.digest, N3({SIGNER: None}), Policy(), False, now)
    assert judged.allowed is allowed


def _long_arguments(catalogue: dict[str, Any]) -> None:
    for name, argument in (("fix", LONG), ("fix_risky", LONG * 3)):
        run = catalogue["actions"][name]["run"]
        catalogue["actions"][name] |= {"run": run | {"argv": [*run["argv"], argument]}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def aging(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie whose time the cases move on; its actions have long arguments."""
    folder = tmp_path_factory.mktemp("aging")
    async with world(folder, change_catalogue=_long_arguments) as running:
        yield running


@pytest.mark.attack("P2")
async def test_a_long_argument_is_shown_whole(aging: World) -> None:
    """Thousands of characters stand in the modal to the last one, and run as they were shown."""
    service, proposal = await aging.proposed()
    view = await aging.open_sign(N3_A, proposal)
    assert view is not None
    shown = shlex.split(shown_in(view)["What runs"])
    assert shown[-1] == LONG
    assert "more characters" not in text_of(view)
    assert (await aging.place.submit(N3_A.id, view["id"], {})).ok
    await aging.over(proposal)
    assert aging.ledger(service) == [shown[3:]]


@pytest.mark.attack("P2")
async def test_what_cannot_be_shown_whole_cannot_be_signed(aging: World) -> None:
    """Longer than a modal holds: refused with the reason before anybody is asked, and no button to sign."""
    _, proposal = await aging.proposed(name="ValueTooRisky")
    assert proposal.state is ProposalState.REJECTED
    assert "too long to be shown whole" in proposal.reason
    card = await aging.message(f"proposal:{proposal.id}", "too long")
    assert (await aging.place.click(N3_A.id, CHANNEL, card["ts"], "sign_open")).error == "element_not_found"


@pytest.mark.attack("G7")
async def test_a_signed_action_whose_window_passed_does_not_run(aging: World) -> None:
    """Signed in time, but its time to execute ends while the executor checks: expired, not run."""
    service, proposal = await aging.proposed()
    aging.slow_checks(service)
    assert (await aging.sign(N3_A, proposal)).ok
    await aging.until_looked(service)
    aging.push_time(timedelta(minutes=5, seconds=1))
    ended = await aging.over(proposal)
    assert ended.state is ProposalState.EXPIRED
    await aging.settle(2.5)
    assert aging.ledger(service) == []


@pytest.mark.attack("G6")
@pytest.mark.attack("G11")
async def test_a_timeout_expires_and_never_approves(aging: World) -> None:
    """A second after its time a proposal is expired, told and audited; the open modal signs nothing."""
    service, proposal = await aging.proposed()
    view = await aging.open_sign(N3_A, proposal)
    assert view is not None
    aging.push_time(proposal.sign_by - datetime.now(UTC) + timedelta(seconds=1))
    outcome = await aging.place.submit(N3_A.id, view["id"], {})
    assert "Not signed" in text_of(outcome.view)
    ended = await aging.over(proposal)
    assert ended.state is ProposalState.EXPIRED
    assert "Propose it again" in ended.reason
    assert [event.subject for event in aging.audited("expired")][-1] == proposal.label
    card = await aging.message(f"proposal:{proposal.id}", "expired")
    buttons = [e["action_id"] for b in card["blocks"] if b["type"] == "actions" for e in b["elements"]]
    assert buttons == ["again"], "it can only be proposed anew"
    await aging.settle()
    assert aging.ledger(service) == []
    with aging.store.read() as tx:
        assert tx.proposals.sign_offs(proposal.id) == []


@pytest.mark.attack("G8")
async def test_a_clock_set_back_revives_nothing(aging: World) -> None:
    """Far ahead once, then set back: by the clock a signed action has time left, and yet it expires.

    So it does after a new start, and nothing is written with an earlier time than before.
    """
    service, proposal = await aging.proposed()
    with aging.held():
        assert (await aging.sign(N3_A, proposal)).ok
        signed = aging.proposal(proposal.id)
        assert signed.execute_by is not None and signed.execute_by > datetime.now(UTC)
        aging.push_time(signed.execute_by - datetime.now(UTC))
    assert (await aging.over(proposal)).state is ProposalState.EXPIRED
    await aging.stop()
    await aging.start()
    await aging.settle(2.0)
    assert aging.proposal(proposal.id).state is ProposalState.EXPIRED
    assert aging.ledger(service) == []
    times = [event.at for event in aging.audited()]
    assert times == sorted(times)
