"""Durable work: the sweep finds it by its rows, failures are tried again, and starting it twice is once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from dbos import DBOS, DBOSConfig

from bot import app, settings
from bot.copilot import Copilot
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.evidence import EvidenceKind
from bot.domain.inbox import InboxKind
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person as Actor
from bot.domain.proposal import Outcome, Proposal, ProposalState, SignOff
from bot.domain.records import NewProposal, Summary
from bot.domain.tool import Risk
from bot.errors import WorkflowsUnusable
from bot.executor_main import membership
from bot.lifecycle import AT_ONCE as SLOTS
from bot.lifecycle import WAITS, Lifecycle
from bot.stages.due import due
from bot.stages.steps import Steps
from bot.store import tables
from bot.store.database import Store
from bot.tools.catalogue import read_files
from bot.tools.in_force import Adopted
from bot.workflows import launch
from knowledge.base import KnowledgeBase
from knowledge.model import Document
from tests.desk import AT_ONCE
from tests.unit.diagnosis.pasts import history, text_of
from tests.world import CHANNEL, N3_A, ON_CALL, World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEAM = "T0VIGIE"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One Vigie for all cases that need a running one."""
    async with world(tmp_path_factory.mktemp("vigie"), change_catalogue=_patient) as running:
        yield running


def _patient(whitelist: dict[str, Any]) -> None:
    """Its action may take minutes."""
    whitelist["actions"]["fix"]["timeout_s"] = 300


async def test_the_sweep_finds_every_kind_of_due_work(vigie: World) -> None:
    """Rows are written and nobody wakes anything: each kind of work is found and done; then none is due."""
    incident = _open(vigie.store, vigie.break_target())
    await vigie.until("a diagnosis", lambda: _rounds(vigie, incident) == 1)
    proposal = _propose(vigie.store, incident)
    await vigie.until("its plan", lambda: vigie.proposal(proposal.id).digest or None)
    _sign(vigie.store, proposal)
    assert (await vigie.over(proposal)).outcome is Outcome.FIXED
    with vigie.store.begin() as tx:
        tx.incidents.move(incident.id, IncidentState.RESOLVED, "source")
        tx.inbox.accept(
            "swept", InboxKind.ASK, {"question": "the value?", "user": ON_CALL.id, "channel": CHANNEL}
        )
    await vigie.until("a summary", lambda: _summary(vigie, incident))
    with vigie.store.begin() as tx:
        text, by = "What happened is written here.", f"{TEAM}/{ON_CALL.id}"
        tx.summaries.confirm(incident.id, text, "", by)
    await vigie.until("a document", lambda: _learned(vigie, incident))
    await vigie.message("answer:swept")
    with vigie.store.read() as tx:
        assert due(tx) == []


async def test_work_that_fails_is_tried_again_later_and_then_succeeds(vigie: World) -> None:
    """Each attempt is counted with its reason and the next one waits longer; when it can be done it is."""
    incident = await vigie.incident(vigie.break_target())
    work = f"resolve:{incident.id}"
    waits = []
    with vigie.refusing("summaries"):
        with vigie.store.begin() as tx:
            tx.incidents.move(incident.id, IncidentState.RESOLVED, "source")
        for attempt in (1, 2):
            seen = await vigie.until(f"setback {attempt}", partial(_setback, vigie, work, attempt))
            assert "the disk is full" in seen.problem
            with vigie.store.read() as tx:
                waits.append((seen.not_before - tx.now).total_seconds())
    assert 0 < waits[0] <= 1 < waits[1] <= 2
    await vigie.until("a summary", lambda: _summary(vigie, incident))
    await vigie.until("no setback", lambda: not _setback(vigie, work, 0))


async def test_work_that_was_done_may_be_due_again_and_again(vigie: World) -> None:
    """Each time it is carried out under a name of its own, and nothing is left of what held it up."""
    incident = _open(vigie.store, vigie.break_target())
    await vigie.until("a diagnosis", lambda: _rounds(vigie, incident) == 1)
    with vigie.store.begin() as tx:
        tx.incidents.move(incident.id, IncidentState.RESOLVED, "source")
    await vigie.until("a summary", lambda: _summary(vigie, incident))
    with vigie.store.begin() as tx:
        tx.summaries.confirm(incident.id, "The value was too high.", "", f"{TEAM}/{ON_CALL.id}")
    for _ in range(3):
        await vigie.until("a document", lambda: _learned(vigie, incident))
        kept = _summary(vigie, incident)
        assert kept is not None
        with vigie.store.begin() as tx:
            assert tx.summaries.unlearned(kept.document_id) == incident.id
    await vigie.until("a document", lambda: _learned(vigie, incident))
    await vigie.until("no setback", lambda: not _setback(vigie, f"learn:{incident.id}", 0))


async def test_what_held_up_work_that_nobody_waits_for_any_more_is_forgotten(vigie: World) -> None:
    """Its proposal has expired, its question was answered elsewhere: the next sweep clears it away."""
    with vigie.store.begin() as tx:
        tx.setbacks.add("prepare:999999", "the executor does not answer", WAITS)
    await vigie.until("no setback", lambda: not _setback(vigie, "prepare:999999", 0))


async def test_what_recurred_is_named_with_the_incident_that_led_there(vigie: World) -> None:
    """Past incidents count as soon as they stand in the base: their cause is named beside that which a check
    backs, and cites them."""
    base = vigie.documents()
    for one in history(each=5):
        id = f"incidents/{one.id.replace(' ', '-')}"
        base.add(Document(id, "Parcels wait", "incident", one.text, cause=one.cause))
    base.close()
    text = text_of("stale lock", "parcels", random.Random(9))  # a draw, not a secret
    incident = await vigie.incident(vigie.break_target(), description=text)
    with vigie.store.read() as tx:
        made, pieces = tx.diagnoses.latest(incident.id), tx.diagnoses.evidence(incident.id)
    assert made is not None
    found = {one.cause: one.citations for one in made.hypotheses}
    assert "stale lock" in found
    assert "full disk" not in found
    assert made.hypotheses[0].component == "parcels"
    cited = {piece.facts.get("document") for piece in pieces if piece.id in found["stale lock"]}
    assert cited & {f"incidents/stale-lock-{n}" for n in range(5)}


async def test_an_attempt_that_cannot_even_note_its_failure_is_made_again(vigie: World) -> None:
    """Neither the result nor the setback could be written, as on a full disk; with room again it is done."""
    with vigie.refusing("diagnoses"), vigie.refusing("setbacks"):
        incident = _open(vigie.store, vigie.break_target())
        await vigie.until("a failure", lambda: _failed_alone(vigie))
    await vigie.until("a diagnosis", lambda: _rounds(vigie, incident) == 1)


async def test_a_killed_executor_is_started_again_and_the_check_is_done(vigie: World) -> None:
    """kill -9 of the executor while it is idle: the next incident's check is run by a new one."""
    old = vigie.executor_pid()
    os.kill(old, signal.SIGKILL)
    incident = await vigie.incident(vigie.break_target())
    assert vigie.executor_pid() != old
    with vigie.store.read() as tx:
        checks = [e for e in tx.diagnoses.evidence(incident.id) if e.kind is EvidenceKind.CHECK]
    assert [e.title for e in checks] == ["look"]


async def test_an_executor_killed_while_it_prepares_is_asked_again(vigie: World) -> None:
    """kill -9 in the middle of a check: the setback says why, and the plan is made by a new executor."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    vigie.break_target(service=service, slow_look_s=2)
    looking = vigie.target(service) / "looking"
    proposal = _propose(vigie.store, incident)
    await vigie.until("a check under way", looking.exists)
    os.kill(vigie.executor_pid(), signal.SIGKILL)
    seen = await vigie.until("a setback", lambda: _setback(vigie, f"prepare:{proposal.id}", 1))
    assert "executor does not answer" in seen.problem
    await vigie.until("its plan", lambda: vigie.proposal(proposal.id).digest or None, 40)


async def test_a_freeze_that_comes_in_between_only_delays(vigie: World) -> None:
    """Frozen while the executor judges a signed proposal: it does not run; unfrozen, it does, once."""
    service = vigie.break_target()
    incident = await vigie.incident(service)
    proposal = _propose(vigie.store, incident)
    await vigie.until("its plan", lambda: vigie.proposal(proposal.id).digest or None)
    vigie.break_target(service=service, slow_look_s=1)
    _sign(vigie.store, proposal)
    await vigie.until("the judging", (vigie.target(service) / "looking").exists)
    with vigie.store.begin() as tx:
        tx.n3.set_freeze("a test", "in between")
    await vigie.until("a setback", lambda: _setback(vigie, f"execute:{proposal.id}", 1))
    assert vigie.ledger(service) == []
    with vigie.store.begin() as tx:
        tx.n3.lift_freezes("a test")
    assert (await vigie.over(proposal)).outcome is Outcome.FIXED
    assert len(vigie.ledger(service)) == 1


async def test_an_action_under_way_comes_to_its_end_without_serve(vigie: World) -> None:
    """kill -9 of serve while a slow action runs and a check ends meanwhile: the executor finishes both."""
    service, other = vigie.break_target(), vigie.break_target()
    incident, second = await vigie.incident(service), await vigie.incident(other)
    proposal = _propose(vigie.store, incident)
    await vigie.until("its plan", lambda: vigie.proposal(proposal.id).digest or None)
    vigie.break_target(service=service, slow_s=3)
    vigie.break_target(service=other, slow_look_s=1)
    _sign(vigie.store, proposal)
    await vigie.until("the run", lambda: vigie.ledger(service) or None)
    _propose(vigie.store, second)
    await vigie.until("the other's check", (vigie.target(other) / "looking").exists)
    await vigie.kill()
    await vigie.start()
    ended = await vigie.over(proposal)
    assert (ended.state, ended.outcome) == (ProposalState.SUCCEEDED, Outcome.FIXED)
    assert len(vigie.ledger(service)) == 1


async def test_long_actions_hold_up_nobody_else(vigie: World) -> None:
    """More actions than there are slots run for minutes; meanwhile another proposal is prepared, executed and
    verified.
    """
    long = await asyncio.gather(*(_planned(vigie, slow_s=250) for _ in range(SLOTS + 1)))
    for proposal in long:
        _sign(vigie.store, proposal)
    await vigie.until("all of them under way", lambda: _all_execute(vigie, long))
    _sign(vigie.store, quick := await _planned(vigie))
    assert (await vigie.over(quick)).outcome is Outcome.FIXED
    assert _all_execute(vigie, long)
    for proposal in long:
        with vigie.store.begin() as tx:
            assert tx.executions.ask_stop(proposal.id, "a test")
    for proposal in long:
        assert (await vigie.over(proposal)).state is ProposalState.UNKNOWN


async def test_work_that_is_started_many_times_runs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty sweeps at once over the same due rows: each piece of work is carried out once."""
    places = tmp_path / "places"
    monkeypatch.setenv("VIGIE_FAULT_LOG", str(places))
    async with world(tmp_path, start=False) as waiting, _lifecycle(waiting) as (lifecycle, store):
        incidents = [_open(store, waiting.break_target()) for _ in range(3)]
        await asyncio.gather(*(lifecycle.sweep() for _ in range(20)))
        for incident in incidents:
            await waiting.until("a diagnosis", partial(_rounds, waiting, incident))
        passed = places.read_text().split("\n")
    assert sum(place.startswith("serve diagnose#") for place in passed) == len(incidents)


async def test_nothing_is_swept_by_who_is_not_the_owner(tmp_path: Path) -> None:
    """What is due stays due while another may be at work on it, and is taken up afterwards."""
    held = [False]
    async with world(tmp_path, start=False) as waiting, _lifecycle(waiting, lambda: held[0]) as (_, store):
        incident = _open(store, waiting.break_target())
        await waiting.settle()
        assert _rounds(waiting, incident) is None
        held[0] = True
        await waiting.until("a diagnosis", partial(_rounds, waiting, incident))


# -- how the rows are written, and what they say


@contextlib.asynccontextmanager
async def _lifecycle(
    waiting: World, is_owner: Callable[[], bool] = lambda: True
) -> AsyncIterator[tuple[Lifecycle, Store]]:
    """The lifecycle in this process, with the real executor beside it."""
    config = waiting.folder / "vigie.toml"
    read = settings.load(config, waiting.environment)
    store = Store.open(read.store_url)
    await asyncio.to_thread(app.put_in_force, store, read, read_files(read.catalogue))
    folder = waiting.folder / "data" / "knowledge"
    knowledge = KnowledgeBase.open(folder, owner=True, url=read.knowledge_url, vectors=False)
    executor = app.executor_process(read, config)
    copilot = Copilot.of(store, Adopted(), membership(store, read), AT_ONCE, lambda verb, subject: None)
    steps = Steps(store, Adopted(), executor, knowledge, None, 5)
    lifecycle = Lifecycle(store, copilot, steps, read.lifecycle_url, is_owner)
    executor.start()
    await lifecycle.start()
    try:
        yield lifecycle, store
    finally:
        await lifecycle.stop()
        await executor.stop()
        knowledge.close()
        store.close()


def _open(store: Store, service: str) -> Incident:
    firing, critical = AlertStatus.FIRING, Severity.CRITICAL
    with store.begin() as tx:
        alert = Alert("alertmanager", "ValueTooHigh", firing, critical, service, "test", tx.now)
        incident = tx.incidents.open(alert, "The value is too high", None)
        tx.incidents.start_round(incident.id, 0)
    return incident


async def _planned(vigie: World, **state: object) -> Proposal:
    """A proposal for a broken target of its own, ready to be signed; `state` as in its file."""
    service = vigie.break_target(**state)  # type: ignore[arg-type]  # what the file holds besides
    proposal = _propose(vigie.store, _open(vigie.store, service))
    await vigie.until("its plan", lambda: vigie.proposal(proposal.id).digest or None)
    return proposal


def _all_execute(vigie: World, proposals: Sequence[Proposal]) -> bool:
    return all(vigie.proposal(one.id).state is ProposalState.EXECUTING for one in proposals)


def _propose(store: Store, incident: Incident) -> Proposal:
    target = f"target-{incident.service.removeprefix('svc-')}"
    arguments = {"target": target, "note": "found by the sweep", "value": 0}
    by, minutes = Actor(TEAM, ON_CALL.id), timedelta(minutes=5)
    with store.begin() as tx:
        return tx.proposals.add(
            NewProposal(incident.id, "fix", arguments, by, Risk.LOW, 1, minutes, "a test", None)
        )


def _sign(store: Store, proposal: Proposal) -> None:
    with store.begin() as tx:
        now = tx.proposals.get(proposal.id)
        assert now is not None and now.digest
        tx.proposals.sign(SignOff(now.id, Actor(TEAM, N3_A.id), now.digest, True, tx.now))
        by = tx.now + timedelta(minutes=5)
        tx.proposals.move(now.id, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=by)


def _rounds(vigie: World, incident: Incident) -> int | None:
    with vigie.store.read() as tx:
        return tx.diagnoses.last_round(incident.id) or None


def _summary(vigie: World, incident: Incident) -> Summary | None:
    with vigie.store.read() as tx:
        return tx.summaries.get(incident.id)


def _learned(vigie: World, incident: Incident) -> bool:
    kept = _summary(vigie, incident)
    return kept is not None and bool(kept.document_id)


def _setback(vigie: World, work: str, attempts: int) -> Any:  # noqa: ANN401  # a row
    """The setback of this work once it has failed so often."""
    found = vigie.rows(sa.select(tables.setbacks).where(tables.setbacks.c.work == work))
    return found[0] if found and found[0].attempts >= attempts else None


def _failed_alone(vigie: World) -> bool:
    """An attempt broke off and could not write it down."""
    return "the disk is full" in vigie.logged() and "setbacks" in vigie.logged()


async def test_a_damaged_engine_is_named_with_the_way_out(tmp_path: Path) -> None:
    """Its file is no database: the error names the file, and that moving it away loses nothing."""
    file = tmp_path / "lifecycle.sqlite"
    file.write_bytes(b"no database" * 100)
    DBOS(config=DBOSConfig(name="vigie", system_database_url=f"sqlite:///{file}", log_level="ERROR"))
    try:
        with pytest.raises(WorkflowsUnusable, match=f"holds no facts.*Move {file} away.*not a database"):
            launch(f"sqlite:///{file}")
    finally:
        DBOS.destroy()
