"""The executor over a real store: what it began comes to an end, and what it says is what was signed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState, SignOff
from bot.domain.records import NewProposal
from bot.domain.store import Tx
from bot.domain.tool import Risk
from bot.errors import StoreBusy, StoreUnavailable
from bot.sign_off.policy import Policy
from bot.store import tables
from bot.store.database import Store, open_engine, sqlite_url
from bot.tools import in_force
from bot.tools.executor import JUDGED_AT_ONCE, Executor
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.secrets import Secrets
from tests.another_writer import another_writer
from tests.wire import until

ALICE, N3 = Person("T1", "UALICE"), Person("T1", "UN3")


class Members:
    """N3 as the tests have it."""

    def n3(self) -> frozenset[Person]:
        return frozenset({N3})


@dataclass
class Case:
    """A store with a catalogue of one check, which prints a file, and one action, which writes it."""

    folder: Path
    store: Store
    executor: Executor

    def value(self, value: int, wanted: int = 0) -> None:
        (self.folder / "state").write_text(json.dumps({"value": value, "identity": "one"}))
        (self.folder / "wanted").write_text(json.dumps({"value": wanted, "identity": "one"}))

    def adopt(self, what: str, content: str) -> None:
        with self.store.begin() as tx:
            tx.n3.adopt(what, content[:64], content)

    def change(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Put a changed catalogue in force."""
        whitelist = catalogue(self.folder)
        change(whitelist)
        self.adopt("catalogue", json.dumps({"catalogue": json.dumps(whitelist), "inventory": ""}))

    def proposal(self, proposal_id: int) -> Proposal:
        with self.store.read() as tx:
            found = tx.proposals.get(proposal_id)
        assert found is not None
        return found

    def proposed(self) -> Proposal:
        """A new proposal, in an incident of its own."""
        with self.store.begin() as tx:
            firing, critical = AlertStatus.FIRING, Severity.CRITICAL
            alert = Alert("alertmanager", "High", firing, critical, "orders", "test", datetime.now(UTC))
            incident = tx.incidents.open(alert, "High", None)
            new = NewProposal(incident.id, "fix", {}, ALICE, Risk.LOW, 1, timedelta(minutes=30))
            return tx.proposals.add(new)

    async def planned(self) -> tuple[int, str]:
        """A prepared proposal: its id, and the digest of its plan."""
        made = self.proposed()
        await self.executor.prepare(made.id)
        plan_digest = self.proposal(made.id).digest
        assert plan_digest, self.proposal(made.id).reason
        return made.id, plan_digest

    async def signed(self) -> int:
        """The id of a prepared and signed proposal."""
        number, plan_digest = await self.planned()
        with self.store.begin() as tx:
            tx.proposals.sign(SignOff(number, N3, plan_digest, True, tx.now))
            by = tx.now + timedelta(minutes=5)
            tx.proposals.move(number, (ProposalState.PROPOSED,), ProposalState.SIGNED, execute_by=by)
        return number

    async def ran(self) -> Proposal:
        """A proposal that was signed and executed."""
        number = await self.signed()
        await self.executor.execute(number)
        return self.proposal(number)


def catalogue(folder: Path) -> dict[str, Any]:
    place = {"environments": ["test"], "services": ["orders"], "owner": "tests", "does": "It does."}
    look = {
        **place,
        "title": "Look",
        "run": {"runner": "command", "argv": ["/bin/cat", str(folder / "state")]},
        "reads": {"value": "/value", "healthy": {"at_most": 5}, "identity": "/identity"},
    }
    fix = {
        **place,
        "title": "Fix",
        "run": {"runner": "command", "argv": ["/bin/cp", str(folder / "wanted"), str(folder / "state")]},
        "expected_effect": "It is low.",
        "risk": "low",
        "precondition": {"check": "look", "expect": {"at_least": 0}},
        "verification": {"check": "look"},
        "no_undo": "there is none",
    }
    return {"version": 1, "checks": {"look": look}, "actions": {"fix": fix}}


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """With a value that is too high, and an action that helps."""
    store = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    made = Case(tmp_path, store, Executor(store, Members(), Secrets({})))
    made.value(9)
    made.change(lambda whitelist: None)
    made.adopt("policy", Policy(pinned=frozenset({N3})).content())
    yield made
    store.close()


async def test_fixed_is_what_was_faulty_and_was_mended(case: Case) -> None:
    """The action ended well, the check was faulty just before and is healthy now."""
    ran = await case.ran()
    await case.executor.verify(ran.id)
    ended = case.proposal(ran.id)
    assert (ended.state, ended.before_verdict) == (ProposalState.SUCCEEDED, "faulty")
    assert (ended.outcome, ended.after) == (Outcome.FIXED, "0")


async def test_what_was_well_before_is_not_called_fixed(case: Case) -> None:
    """Nobody can tell whether the action did anything."""
    case.value(3)
    ran = await case.ran()
    await case.executor.verify(ran.id)
    ended = case.proposal(ran.id)
    assert (ended.state, ended.outcome) == (ProposalState.SUCCEEDED, Outcome.CANNOT_TELL)
    assert "it was as it should be before, too" in ended.after


async def test_an_action_that_failed_has_fixed_nothing(case: Case) -> None:
    """Well now, but not by what was signed."""
    (case.folder / "wanted").unlink()
    ran = await case.ran()
    case.value(0)
    await case.executor.verify(ran.id)
    ended = case.proposal(ran.id)
    assert (ended.state, ended.outcome) == (ProposalState.FAILED, Outcome.CANNOT_TELL)
    assert "the action did not end well" in ended.after


@pytest.mark.parametrize(
    "change, said",
    [
        (
            lambda w: w["checks"]["look"]["reads"].update(healthy={"at_most": 99}),
            "not the one that was signed",
        ),
        (lambda w: (w["checks"].clear(), w["actions"].clear()), "no tool named 'look'"),
        (lambda w: w.update(version=2), "version"),
    ],
)
async def test_only_the_check_that_was_signed_decides(
    case: Case, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    """Changed, gone, or a catalogue that cannot be read: that is the outcome, written, audited, announced."""
    ran = await case.ran()
    case.change(change)
    await case.executor.verify(ran.id)
    ended = case.proposal(ran.id)
    assert ended.outcome is Outcome.CANNOT_TELL
    assert said in ended.after
    with case.store.read() as tx:
        assert [e.detail for e in tx.audit.events(ran.label)][-1] == {"after": ended.after}
        assert tx.proposals.to_verify() == []


async def test_an_action_that_is_gone_is_verified_as_signed(case: Case) -> None:
    """Its check is still the one that was signed, and says that it helped."""
    ran = await case.ran()
    case.change(lambda whitelist: whitelist["actions"].clear())
    await case.executor.verify(ran.id)
    assert case.proposal(ran.id).outcome is Outcome.FIXED


class Breaks:
    """The runner of commands with a fault of its own, once the action runs."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        return RUNNERS_COMMAND.resolve(call)

    async def run(self, resolved: Mapping[str, Any], *rest: object) -> RunResult:
        if "cp" in resolved["argv"][0]:
            raise RuntimeError("broken")
        return await RUNNERS_COMMAND.run(resolved, *rest)  # type: ignore[arg-type]  # as they came


RUNNERS_COMMAND = RUNNERS["command"]


async def test_a_runner_that_breaks_leaves_nothing_executing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was claimed and may have taken effect: unknown, at once."""
    number = await case.signed()
    monkeypatch.setitem(RUNNERS, "command", Breaks())
    await case.executor.execute(number)
    ended = case.proposal(number)
    assert ended.state is ProposalState.UNKNOWN
    assert "RuntimeError" in ended.reason


async def test_a_busy_store_only_delays_the_end(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer holds the file while the action ends; the end is written when it lets go."""
    number = await case.signed()
    engine = open_engine(sqlite_url(case.folder / "vigie.sqlite"))
    pauses: list[float] = []
    with engine.connect() as other:

        async def let_go(pause: float) -> None:
            pauses.append(pause)
            other.rollback()

        async def run(*rest: object) -> RunResult:
            result = await real(*rest)  # type: ignore[arg-type]  # as they came
            other.execute(sa.select(tables.proposals.c.id))
            return result

        def impatient(connection: sqlite3.Connection, *rest: object) -> None:
            connection.execute("PRAGMA busy_timeout=10")

        case.store._engine.dispose()
        sa.event.listen(case.store._engine, "connect", impatient)
        carrying_out = case.executor._carrying_out
        real = carrying_out.run
        monkeypatch.setattr(carrying_out, "run", run)
        monkeypatch.setattr(asyncio, "sleep", let_go)
        await case.executor.execute(number)
    engine.dispose()
    assert case.proposal(number).state is ProposalState.SUCCEEDED
    assert pauses == [0.1]


@pytest.mark.parametrize("verb", ["check", "prepare", "execute", "verify", "look"])
async def test_the_loop_goes_on_while_somebody_else_writes(case: Case, verb: str) -> None:
    """What an executor writes waits for its turn; what else it does, as to end a run in time, does not."""
    if verb in ("verify", "look"):
        subject = (await case.ran()).id
    elif verb == "execute":
        subject = await case.signed()
    else:
        proposal = case.proposed()
        with case.store.begin() as tx:
            run = tx.checks.request(proposal.incident_id, 1, "look", {})
        subject = run if verb == "check" else proposal.id
    with another_writer(case.store) as other:
        work = asyncio.create_task(getattr(case.executor, verb)(subject))
        await until(other.is_awaited)
        assert not work.done()
        other.let_go()
        await work
    assert other.was_let_go


async def test_who_lost_the_store_to_another_executes_nothing(case: Case) -> None:
    """Judged and ready, but not the one executor any more: nothing runs, and the signature is not used up."""
    number = await case.signed()

    def lost() -> None:
        raise StoreBusy

    case.executor._hold = lost
    with pytest.raises(StoreBusy):
        await case.executor.execute(number)
    assert case.proposal(number).state is ProposalState.SIGNED
    assert json.loads((case.folder / "state").read_text())["value"] == 9
    case.executor._hold = lambda: None
    await case.executor.execute(number)
    assert case.proposal(number).state is ProposalState.SUCCEEDED


async def test_a_claim_that_was_taken_and_not_confirmed_comes_to_an_end(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database took the claim and was gone before it said so: nothing runs, and it is told as that."""
    number = await case.signed()
    begin, losses = case.store.begin, [True]

    @contextlib.contextmanager
    def lossy() -> Iterator[Tx]:
        with begin() as tx:
            yield tx
        if losses and losses.pop():
            raise StoreUnavailable

    monkeypatch.setattr(case.store, "begin", lossy)
    with pytest.raises(StoreUnavailable):
        await case.executor.execute(number)
    ended = case.proposal(number)
    assert ended.state is ProposalState.FAILED
    assert "so it was not run" in ended.reason
    assert json.loads((case.folder / "state").read_text())["value"] == 9


HELD = ContextVar("HELD", default=False)


class Waits:
    """The runner of commands; what is held by its context waits until it may go on."""

    def __init__(self) -> None:
        self.came, self.go_on = 0, asyncio.Event()

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        return RUNNERS_COMMAND.resolve(call)

    async def run(self, resolved: Mapping[str, Any], *rest: object) -> RunResult:
        if HELD.get():
            self.came += 1
            await self.go_on.wait()
        return await RUNNERS_COMMAND.run(resolved, *rest)  # type: ignore[arg-type]  # as they came


async def test_so_many_are_judged_at_a_time(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are to be executed, the checks of few run at once; preparing does not wait for them."""
    numbers = [await case.signed() for _ in range(JUDGED_AT_ONCE + 1)]
    monkeypatch.setitem(RUNNERS, "command", waits := Waits())
    HELD.set(True)
    work = [asyncio.create_task(case.executor.execute(number)) for number in numbers]
    HELD.set(False)
    await until(lambda: waits.came >= JUDGED_AT_ONCE)
    await case.planned()
    assert waits.came == JUDGED_AT_ONCE
    waits.go_on.set()
    await asyncio.gather(*work)
    assert ProposalState.SUCCEEDED in {case.proposal(number).state for number in numbers}


def test_a_content_is_parsed_once(case: Case) -> None:
    """The same content is the same catalogue; a changed one is read at once."""
    with case.store.read() as tx:
        first = in_force.catalogue_in_force(tx)
        assert in_force.catalogue_in_force(tx) is first
    case.change(lambda whitelist: whitelist["checks"]["look"].update(title="Another"))
    with case.store.read() as tx:
        assert in_force.catalogue_in_force(tx).tool("look").title == "Another"


async def test_output_that_cannot_be_kept_costs_no_result(case: Case) -> None:
    """The rows take no piece of output: the run goes on, and how it ended is written whole."""

    def talk(whitelist: dict[str, Any]) -> None:
        script = f"seq 2000; cp {case.folder / 'wanted'} {case.folder / 'state'}"
        whitelist["actions"]["fix"]["run"]["argv"] = ["/bin/sh", "-c", script]

    case.change(talk)
    with case.store._engine.begin() as connection:
        full = "CREATE TRIGGER full BEFORE INSERT ON output_pieces BEGIN SELECT RAISE(ABORT, 'full'); END"
        connection.execute(sa.text(full))
    ended = await case.ran()
    assert ended.state is ProposalState.SUCCEEDED
    with case.store.read() as tx:
        run = tx.proposals.execution(ended.id)
        assert run is not None and "2000" in run.output
        assert tx.executions.pieces(ended.id) == []
