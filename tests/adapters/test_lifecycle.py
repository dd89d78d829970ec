"""Durable work: the sweep finds it by its rows, failures are tried again, and starting it twice is once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot import app, settings
from bot.copilot import Copilot
from bot.domain.alert import Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person as Actor
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.domain.records import NewProposal
from bot.domain.tool import Risk
from bot.executor_main import membership
from bot.lifecycle import Lifecycle, due
from bot.stages.steps import Steps
from bot.store import tables
from bot.store.database import Store
from bot.tools.in_force import Adopted
from bot.triage.decide import Rules
from knowledge.base import KnowledgeBase
from tests.world import CHANNEL, N3_A, ON_CALL, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEAM = "T0VIGIE"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("vigie")) as running:
        yield running


def open_behind(vigie: World, service: str) -> Incident:
    """An incident by its rows alone: nobody wakes the lifecycle."""
    with vigie.store.begin() as tx:
        incident = tx.incidents.open_by_hand("The value is too high", service, "test", Severity.CRITICAL)
        tx.incidents.start_round(incident.id, 0)
    return incident


def propose_behind(vigie: World, incident: Incident) -> Proposal:
    target = f"target-{incident.service.removeprefix('svc-')}"
    arguments = {"target": target, "note": "found by the sweep", "value": 0}
    with vigie.store.begin() as tx:
        return tx.proposals.add(
            NewProposal(
                incident.id,
                "fix",
                arguments,
                Actor(TEAM, ON_CALL.id),
                Risk.LOW,
                signatures_needed=1,
                time_to_sign=timedelta(minutes=5),
                why="a test",
                undo_of=None,
            )
        )


def sign_behind(vigie: World, proposal: Proposal) -> None:
    with vigie.store.begin() as tx:
        prepared = tx.proposals.get(proposal.id)
        assert prepared is not None
        tx.proposals.sign(SignOff(prepared.id, Actor(TEAM, N3_A.id), prepared.digest, True, tx.now))
        by = tx.now + timedelta(minutes=5)
        tx.proposals.move(prepared.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=by)


async def prepared(vigie: World, proposal: Proposal) -> None:
    await vigie.until("its plan", lambda: vigie.proposal(proposal.id).digest)


async def test_the_sweep_finds_every_kind_of_due_work(vigie: World) -> None:
    """Only rows are written, nobody wakes anything: it is investigated, prepared, executed, verified,
    summed up, learned and answered all the same."""
    service = vigie.break_target()
    incident = open_behind(vigie, service)
    await vigie.until("a diagnosis", lambda: diagnosed(vigie, incident))
    proposal = propose_behind(vigie, incident)
    await prepared(vigie, proposal)
    sign_behind(vigie, proposal)
    ended = await vigie.over(proposal)
    assert (ended.state, ended.outcome) == ("succeeded", "fixed")
    with vigie.store.begin() as tx:
        tx.incidents.move(incident.id, IncidentState.RESOLVED, "source")
        question = {"question": "the value?", "user": ON_CALL.id, "channel": CHANNEL}
        tx.inbox.accept("sweep-1", "ask", question)
    await vigie.until("a summary", lambda: summary_of(vigie, incident))
    with vigie.store.begin() as tx:
        tx.summaries.confirm(incident.id, "What happened is written here.", "T0VIGIE/U0ONCALL")
    await vigie.until("a document", lambda: summary_of(vigie, incident).document_id)
    await vigie.message("answer:sweep-1")
    with vigie.store.read() as tx:
        assert due(tx) == []


def diagnosed(vigie: World, incident: Incident) -> bool:
    with vigie.store.read() as tx:
        return tx.diagnoses.last_round(incident.id) == 1


def summary_of(vigie: World, incident: Incident):  # type: ignore[no-untyped-def]  # noqa: ANN201
    with vigie.store.read() as tx:
        return tx.summaries.get(incident.id)


@contextlib.contextmanager
def away(vigie: World, table: str) -> Iterator[None]:
    """The table cannot be found for a while."""
    vigie.tamper(sa.text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    try:
        yield
    finally:
        vigie.tamper(sa.text(f"ALTER TABLE {table}_away RENAME TO {table}"))


def setback(vigie: World, work: str) -> sa.Row[tuple[int, str]] | None:
    rows = vigie.rows(sa.select(tables.setbacks).where(tables.setbacks.c.work == work))
    return rows[0] if rows else None


async def test_work_that_fails_is_tried_again_later_and_later_and_then_succeeds(vigie: World) -> None:
    """A summary cannot be drafted: the attempts are counted with the reason, each wait is longer; then it can."""
    incident = await vigie.incident(vigie.break_target())
    work = f"resolve:{incident.id}"
    with away(vigie, "executions"), away(vigie, "evidence"), away(vigie, "alert_series"):
        pass
    vigie.tamper(sa.text("CREATE TRIGGER no_draft BEFORE INSERT ON summaries BEGIN SELECT RAISE(ABORT, 'full'); END"))
    try:
        with vigie.store.begin() as tx:
            tx.incidents.move(incident.id, IncidentState.RESOLVED, "source")
        waits = []
        for attempt in (1, 2):
            row = await vigie.until(f"setback {attempt}", lambda: setback(vigie, work))
            assert "full" in row.problem
    finally:
        vigie.tamper(sa.text("DROP TRIGGER no_draft"))
    await vigie.until("a summary", lambda: summary_of(vigie, incident))
