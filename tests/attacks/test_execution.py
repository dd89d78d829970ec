"""Groups H and P: at most one run, whatever is pressed twice, killed, or cannot be recorded."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.slack.members import GroupMembership
from bot.store import tables
from bot.tools.executor import Executor
from bot.tools.secrets import Secrets
from tests.world import CHANNEL, N3_A, N3_B, World, text_of, world

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.attack("H1")
async def test_a_double_click_runs_once(vigie: World) -> None:
    """Sign… and its submit pressed twice at once by one person: one signature, one run."""
    service, proposal = await vigie.proposed()
    card = await vigie.message(f"proposal:{proposal.id}")
    await asyncio.gather(
        *(vigie.place.click(N3_A.id, CHANNEL, card["ts"], "sign_open") for _ in range(2)),
    )
    await vigie.until("two modals", lambda: len(vigie.place.views_of(N3_A.id)) == 2)
    views = vigie.place.views_of(N3_A.id)
    await asyncio.gather(*(vigie.place.submit(N3_A.id, view["id"], {}) for view in views for _ in range(2)))
    await vigie.over(proposal)
    await vigie.settle()
    assert len(vigie.ledger(service)) == 1
    for view in vigie.place.views_of(N3_A.id):
        await vigie.place.close_view(N3_A.id, view["id"])


@pytest.mark.attack("H1")
async def test_two_approvers_at_once_run_it_once(vigie: World) -> None:
    """Two of N3 sign in the same moment where one is enough: one run, the other is told that it is signed."""
    service, proposal = await vigie.proposed()
    views = [(person, await vigie.open_sign(person, proposal)) for person in (N3_A, N3_B)]
    outcomes = await asyncio.gather(
        *(vigie.place.submit(person.id, view["id"], {}) for person, view in views if view is not None)
    )
    told = [outcome for outcome in outcomes if "already" in text_of(outcome.view)]
    assert len(told) == 1
    await vigie.over(proposal)
    await vigie.settle()
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("H1")
async def test_two_executors_at_once_run_it_once(vigie: World) -> None:
    """Two executors judge the same signed proposal in the same moment: the claim lets one of them through."""
    service, proposal = await vigie.proposed()
    who = GroupMembership(vigie.place.bot_token, vigie.place.api_url, "n3")
    executors = [Executor(vigie.store, who, Secrets.read(Path("/none"))) for _ in range(3)]
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        await asyncio.gather(*(executor.execute(proposal.id) for executor in executors))
    await vigie.over(proposal)
    await vigie.settle()
    assert len(vigie.ledger(service)) == 1
    started = [event for event in vigie.audited("execution started") if event.subject == proposal.label]
    assert len(started) == 1


# -- kill -9


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mortal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie that the cases start themselves, each with a place to die at."""
    async with world(tmp_path_factory.mktemp("mortal"), start=False) as made:
        yield made


async def die_at(mortal: World, place: str) -> tuple[str, Proposal]:
    """Start it, sign, and wait until a process was killed at that place."""
    log = mortal.folder / f"{place.replace(' ', '-').replace('#', '-')}.log"
    if mortal.serve is not None and mortal.serve.returncode is None:
        await mortal.stop()
    await mortal.start({"VIGIE_FAULT_AT": place, "VIGIE_FAULT_LOG": str(log)})
    service, proposal = await mortal.proposed()
    view = await mortal.open_sign(N3_A, proposal)
    assert view is not None
    submitted = asyncio.create_task(mortal.place.submit(N3_A.id, view["id"], {}))
    await asyncio.wait_for(_killed(log), 20)
    await submitted
    return service, proposal


async def _killed(log: Path) -> None:
    mark = log.with_name(f"{log.name}.killed")
    while not mark.exists():
        await asyncio.sleep(0.05)


async def ran_once(mortal: World, service: str, proposal: Proposal) -> None:
    ended = await mortal.over(proposal)
    assert (ended.state, ended.outcome) == (ProposalState.SUCCEEDED, Outcome.FIXED)
    await mortal.settle()
    assert len(mortal.ledger(service)) == 1


async def stays_unknown(mortal: World, service: str, proposal: Proposal, runs: int) -> Proposal:
    """It ends as unknown, is told so, is looked at, and is not run again by itself."""
    ended = await mortal.over(proposal)
    assert ended.state is ProposalState.UNKNOWN
    assert len(mortal.ledger(service)) == runs
    await mortal.until("the verification", lambda: mortal.proposal(proposal.id).outcome)
    await mortal.message(f"proposal:{proposal.id}", "It will not be repeated")
    assert [e.subject for e in mortal.audited("execution interrupted")][-1] == proposal.label
    await mortal.settle()
    assert mortal.proposal(proposal.id).state is ProposalState.UNKNOWN
    assert len(mortal.ledger(service)) == runs
    return mortal.proposal(proposal.id)


@pytest.mark.attack("H3")
@pytest.mark.fault
async def test_killed_before_the_intent_is_recorded_it_has_not_run(mortal: World) -> None:
    """The executor dies with the intent written, not committed: still signed, not run; then it runs once."""
    service, proposal = await die_at(mortal, "executor intent#1")
    assert mortal.proposal(proposal.id).state is ProposalState.SIGNED
    assert mortal.ledger(service) == []
    with mortal.store.read() as tx:
        assert tx.proposals.execution(proposal.id) is None
    await ran_once(mortal, service, proposal)


@pytest.mark.attack("H3")
@pytest.mark.fault
async def test_serve_killed_before_it_asks_the_executor_loses_no_signature(mortal: World) -> None:
    """Serve dies after the signature was committed: after a restart it runs once, signed as it is."""
    service, proposal = await die_at(mortal, "serve executor execute#1")
    assert mortal.serve is not None
    await mortal.serve.wait()
    assert mortal.proposal(proposal.id).state is ProposalState.SIGNED
    assert mortal.ledger(service) == []
    await mortal.start()
    await ran_once(mortal, service, proposal)


@pytest.mark.attack("H4")
@pytest.mark.fault
async def test_killed_between_intent_and_call_it_fails_safely(mortal: World) -> None:
    """The intent is recorded, the action was not called: unknown, not run, not then and not later."""
    service, proposal = await die_at(mortal, "executor tool#1")
    ended = await stays_unknown(mortal, service, proposal, runs=0)
    assert ended.outcome is Outcome.NOT_FIXED


@pytest.mark.attack("H5")
@pytest.mark.fault
async def test_killed_between_call_and_result_it_is_unknown(mortal: World) -> None:
    """The action has run, its result is lost: unknown, not called fixed, never run a second time."""
    service, proposal = await die_at(mortal, "executor tool done#1")
    ended = await stays_unknown(mortal, service, proposal, runs=1)
    assert ended.outcome is Outcome.CANNOT_TELL
    assert "the action did not end well" in ended.after
    await mortal.stop()
    await mortal.start()
    await mortal.settle(2.0)
    assert mortal.proposal(proposal.id).state is ProposalState.UNKNOWN
    assert len(mortal.ledger(service)) == 1


@pytest.mark.attack("H5")
@pytest.mark.fault
async def test_an_executor_killed_while_the_action_runs_does_not_repeat_it(vigie: World) -> None:
    """kill -9 in the middle of a slow action: a new executor takes over and does not start it again."""
    service = vigie.break_target(slow_s=5)
    proposal = await vigie.propose(await vigie.incident(service))
    pid = vigie.executor_pid()
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.until("the action under way", lambda: bool(vigie.ledger(service)))
    os.kill(pid, signal.SIGKILL)
    assert (await vigie.over(proposal)).state is ProposalState.UNKNOWN
    await vigie.settle(2.5)
    assert vigie.executor_pid() != pid
    assert vigie.proposal(proposal.id).state is ProposalState.UNKNOWN
    assert len(vigie.ledger(service)) == 1


# -- no record, no deed


@pytest.mark.attack("P12")
async def test_what_cannot_be_audited_is_not_executed(vigie: World) -> None:
    """The audit log refuses the event of the start: nothing runs; once it takes it, it runs once."""
    service, proposal = await vigie.proposed()
    with vigie.refusing("audit", "NEW.action = 'execution started'"):
        assert (await vigie.sign(N3_A, proposal)).ok
        await vigie.until("a failed attempt", lambda: "the disk is full" in vigie.logged())
        await vigie.settle(2.5)
        assert vigie.proposal(proposal.id).state is ProposalState.SIGNED
        assert vigie.ledger(service) == []
        with vigie.store.read() as tx:
            assert tx.proposals.execution(proposal.id) is None
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1


@pytest.mark.attack("R6")
@pytest.mark.attack("P12")
@pytest.mark.fault
async def test_without_an_audit_log_nothing_is_done(vigie: World) -> None:
    """Its table is gone: what is signed is not run, nobody can even freeze; mended, it runs once."""
    service, proposal = await vigie.proposed()
    with vigie.held():
        assert (await vigie.sign(N3_A, proposal)).ok
        _rename(vigie, "audit", "audit_gone")
    try:
        before = vigie.logged().count("audit")
        await vigie.until("a failed attempt", lambda: vigie.logged().count("audit") > before)
        told = len(vigie.told(N3_B))
        assert (await vigie.place.command(N3_B.id, CHANNEL, "/vigie freeze now")).ok
        await vigie.until("an answer", lambda: len(vigie.told(N3_B)) > told)
        assert "Please try again" in vigie.told(N3_B)[-1]
        assert vigie.proposal(proposal.id).state is ProposalState.SIGNED
        assert vigie.ledger(service) == []
        with vigie.store.read() as tx:
            assert tx.n3.freeze() is None and tx.proposals.execution(proposal.id) is None
    finally:
        _rename(vigie, "audit_gone", "audit")
    await vigie.over(proposal)
    assert len(vigie.ledger(service)) == 1


def _rename(vigie: World, old: str, new: str) -> None:
    with vigie.store._engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE {old} RENAME TO {new}"))


@pytest.mark.attack("P12")
async def test_what_cannot_be_audited_is_neither_signed_nor_rejected(vigie: World) -> None:
    """The audit log refuses everything: no signature and no rejection is kept, and people are told."""
    service, proposal = await vigie.proposed()
    view = await vigie.open_sign(N3_A, proposal)
    assert view is not None
    card = await vigie.message(f"proposal:{proposal.id}")
    before = vigie.rows(sa.select(tables.proposals))
    with vigie.refusing("audit"):
        await vigie.place.submit(N3_A.id, view["id"], {})
        await vigie.place.click(N3_B.id, CHANNEL, card["ts"], "reject")
        await vigie.settle()
        assert any("did not work" in text for text in vigie.told(N3_B))
        assert vigie.rows(sa.select(tables.proposals)) == before
        assert [
            row for row in vigie.rows(sa.select(tables.sign_offs)) if row.proposal_id == proposal.id
        ] == []
    assert vigie.ledger(service) == []
