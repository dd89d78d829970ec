"""The executor: the only code that runs tools. It takes ids, reads the records and judges them again."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from bot import fault_hook
from bot.announcements import announce_proposal
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.ports import Membership
from bot.domain.proposal import Execution, Proposal, ProposalState
from bot.domain.store import Store, Tx
from bot.domain.tool import CheckResult, Expectation, Tool, Verdict
from bot.errors import ArgumentRefused, BadInput, CatalogueError, StoreUnavailable
from bot.following import follow, interrupt
from bot.membership import note_membership
from bot.sign_off.budget import HOUR, Budget, room_for
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import may_execute
from bot.sign_off.rendering import fits
from bot.tools.arguments import validate
from bot.tools.catalogue import Catalogue
from bot.tools.checking import run_check
from bot.tools.dry_run import dry_run
from bot.tools.ending import end_of_run
from bot.tools.identity import sign_second_look
from bot.tools.in_force import CATALOGUE, catalogue_in_force, policy_in_force
from bot.tools.plan import (
    arguments_of,
    build,
    refuse_other_environment,
    refuse_out_of_scope,
    refuse_what_changes,
)
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import Emit, RunResult
from bot.tools.running import Running
from bot.tools.secrets import Secrets
from bot.tools.standing import sign_by_standing, under_standing
from bot.tools.verifying import Verifier

JUDGED_AT_ONCE = 8
"""Signed proposals whose checks run at a time, however many are to be executed."""
_PAUSES_S = (0.1, 0.5, 2.0, 5.0, 10.0)  # between tries to write how an execution ended
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Case:
    """A proposal with everything that has to be read anew to judge it."""

    proposal: Proposal
    incident: Incident
    catalogue: Catalogue
    policy: Policy
    tool: Tool

    def is_still_so(self, tx: Tx, proposal: Proposal) -> bool:
        """Whether catalogue and policy are those it was read with, and the row names the tool's own risk."""
        catalogue = tx.n3.adopted(CATALOGUE)
        same = catalogue is not None and catalogue.content == self.catalogue.content
        return same and policy_in_force(tx) == self.policy and proposal.risk is self.tool.risk


class Executor:
    """Carries out checks, prepares proposals, executes signed ones and verifies them."""

    def __init__(
        self,
        store: Store,
        membership: Membership,
        secrets_: Secrets,
        hold: Callable[[], None] = lambda: None,
        budget: Budget = Budget(),  # noqa: B008  # frozen
    ) -> None:
        """`hold` raises where this executor is not the one executor of the store any more."""
        self._budget = budget
        self._running: dict[int, Running] = {}
        self._judging = asyncio.Semaphore(JUDGED_AT_ONCE)
        # Whoever waits for one holds it; nobody does, and it is gone.
        self._checking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._store = store
        self._hold = hold
        self._membership = membership
        self._secrets = secrets_
        self._verifier = Verifier(store, self._check)

    def settle_interrupted(self) -> list[int]:
        """At a start: executions that nobody watched to their end become unknown, and are never repeated."""
        with self._store.begin() as tx:
            interrupted = tx.proposals.in_states(ProposalState.EXECUTING)
            for proposal in interrupted:
                reason = "Vigie was interrupted while it ran: whether it took effect is not known."
                interrupt(tx, proposal, "executor", reason, _settle_s(proposal))
        return [proposal.id for proposal in interrupted]

    async def check(self, run_id: int) -> None:
        """Run a requested check and write its result to its row; once, however many ask for it meanwhile."""
        async with self._checking.setdefault(run_id, asyncio.Lock()):
            await self._check_once(run_id)

    async def _check_once(self, run_id: int) -> None:
        with self._store.read() as tx:
            run = tx.checks.get(run_id)
            catalogue = catalogue_in_force(tx)
            incident = tx.incidents.get(run.incident_id) if run else None
        if run is None or incident is None or run.result is not None:
            return
        try:
            tool = catalogue.tool(run.tool)
            refuse_what_changes(tool)
            refuse_out_of_scope(tool, incident)
            arguments = validate(tool, run.arguments, catalogue.inventory)
            refuse_other_environment(tool, arguments, incident, catalogue.inventory)
            result = await self._check(catalogue, tool, arguments)
        except (BadInput, CatalogueError) as error:
            result = CheckResult(run.tool, Verdict.UNKNOWN, None, "", "", "", str(error))
        with self._store.begin() as tx:
            tx.checks.finish(run_id, result)

    async def prepare(self, proposal_id: int) -> None:
        """Build the plan of a proposal: what will be shown, digested, signed and run."""
        case = self._case(proposal_id)
        if case is None or case.proposal.state is not ProposalState.PROPOSED or case.proposal.digest:
            return
        try:
            plan, holds, before = await self._plan(case)
        except (BadInput, CatalogueError) as error:
            self._refuse(case.proposal, ProposalState.PROPOSED, str(error))
            return
        if not holds or not fits(plan):
            reason = "Its pre-condition does not hold now, so it would not help."
            if holds:
                reason = (
                    "It is too long to be shown whole, so nobody could sign it; put long content in a file."
                )
            self._refuse(case.proposal, ProposalState.PROPOSED, reason)
            return
        with self._store.begin() as tx:
            if tx.proposals.prepared(proposal_id, plan, digest(plan), before.told):
                tx.audit.append("executor", "prepared", case.proposal.label, {"digest": digest(plan)})
                sign_by_standing(tx, case.proposal.id)
                announce_proposal(tx, case.proposal)

    async def execute(self, proposal_id: int) -> None:
        """Judge a signed proposal anew and, if everything still holds, run it: at most once, ever."""
        case = self._case(proposal_id)
        if case is None or case.proposal.state is not ProposalState.SIGNED:
            return
        try:
            async with self._judging:
                plan, _, before = await self._plan(case)
        except (BadInput, CatalogueError) as error:
            self._refuse(case.proposal, ProposalState.SIGNED, str(error))
            return
        await asyncio.to_thread(self._hold)
        fence = secrets.token_hex(16)
        # Checks take their time; who is N3 is asked after them, and all else is read in the transaction.
        current = await asyncio.to_thread(self._membership.n3)
        try:
            claimed = self._claim(case, plan, before, current, fence)
        except StoreUnavailable:
            # Its commit may have been taken although nobody could say so; then this is how it ended.
            lost = "the store was lost as it was claimed, so it was not run."
            await self._finish(case, fence, RunResult(126, "", lost))
            raise
        if not claimed:
            return
        fault_hook.point("tool")
        result = await self._run(case, plan, fence)
        fault_hook.point("tool done")
        await self._finish(case, fence, result)

    async def stop(self, proposal_id: int) -> None:
        """End a run that somebody wants stopped; the row says so, and who."""
        running = self._running.get(proposal_id)
        with self._store.read() as tx:
            execution = tx.proposals.execution(proposal_id)
        if running is not None and execution is not None and execution.stop_by:
            running.stop()

    def _claim(
        self,
        case: _Case,
        plan: Mapping[str, object],
        before: CheckResult,
        current: frozenset[Person],
        fence: str,
    ) -> bool:
        """Judge it on what this transaction reads and claim its only execution; False: it must not run."""
        with self._store.begin() as tx:
            frozen = tx.n3.freeze() is not None
            proposal = tx.proposals.get(case.proposal.id)
            assert proposal is not None
            n3 = note_membership(tx, current, case.policy)
            under = under_standing(tx, proposal, plan)  # what people signed, where there is no standing one
            fresh = digest(plan) if case.is_still_so(tx, proposal) else ""
            judgement = under.refusal or may_execute(
                proposal, under.given, fresh, n3, case.policy, frozen, tx.now
            )
            if not judgement.allowed:
                if not frozen and not under.waits:
                    self._refuse_in(tx, proposal, ProposalState.SIGNED, judgement.reason)
                return False
            if not self._has_room(tx, case, proposal):
                return False
            if not tx.proposals.claim(proposal.id, fence):
                return False
            tx.proposals.note_before(proposal.id, before.told, before.verdict.value)
            tx.executions.note_before(proposal.id, before.value)
            detail = {"digest": digest(plan), "fence": fence, **under.detail}
            tx.audit.append("executor", "execution started", proposal.label, detail)
            follow(tx, proposal.id)
            announce_proposal(tx, proposal)
            fault_hook.point("intent")
        return True

    def _has_room(self, tx: Tx, case: _Case, proposal: Proposal) -> bool:
        """Whether tool and service bear one more now; the card says what it waits for, or why it does not."""
        started = tx.executions.started(tx.now - HOUR)
        room = room_for(case.tool, case.incident, self._budget, started, tx.now)
        if room.waits and room.reason != proposal.reason:
            signed = ProposalState.SIGNED
            tx.proposals.move(proposal.id, (signed,), signed, reason=room.reason)
            tx.audit.append("executor", "waits", proposal.label, {"reason": room.reason})
            announce_proposal(tx, proposal)
        elif not room.is_free and not room.waits:
            self._refuse_in(tx, proposal, ProposalState.SIGNED, f"{proposal.label}: {room.reason}")
        return room.is_free

    async def verify(self, proposal_id: int) -> None:
        """Run the verification check that was signed again and write what it says."""
        await self._verifier.verify(proposal_id)

    async def look(self, proposal_id: int) -> None:
        """Read the signed verification again because a person asked."""
        await self._verifier.look(proposal_id)

    def _case(self, proposal_id: int) -> _Case | None:
        with self._store.read() as tx:
            proposal = tx.proposals.get(proposal_id)
            incident = tx.incidents.get(proposal.incident_id) if proposal else None
            if proposal is None or incident is None:
                return None
            catalogue, policy = catalogue_in_force(tx), policy_in_force(tx)
        if proposal.tool not in catalogue.tools:
            reason = f"{proposal.tool} is not in the catalogue that is in force."
            self._refuse(proposal, proposal.state, reason)
            return None
        return _Case(proposal, incident, catalogue, policy, catalogue.tool(proposal.tool))

    async def _plan(self, case: _Case) -> tuple[dict[str, object], bool, CheckResult]:
        """The plan now, whether the pre-condition holds, and what verification will compare with."""
        tool, catalogue = case.tool, case.catalogue
        if tool.precondition is None or tool.verification is None:
            raise ArgumentRefused(f"{tool.name}: only actions can be proposed.")
        arguments = validate(tool, case.proposal.arguments, catalogue.inventory)
        looks = []
        for use in (tool.precondition, tool.verification):
            inner = arguments_of(catalogue, use, arguments)
            result = await self._check(catalogue, catalogue.tool(use.tool), inner, use.expect)
            looks.append((use.tool, inner, result))
        precondition, before = (result for *_, result in looks)
        holds = precondition.verdict is Verdict.HEALTHY
        plan = build(catalogue, case.policy, case.incident, tool, arguments, precondition, holds)
        if holds:
            sign_second_look(plan, *looks)
        if holds and (tried := await dry_run(catalogue, tool, arguments, self._secrets, case.proposal.plan)):
            plan["dry_run"] = tried
        return plan, holds, before

    async def _check(
        self,
        catalogue: Catalogue,
        tool: Tool,
        arguments: Mapping[str, object],
        expect: Expectation | None = None,
    ) -> CheckResult:
        fault_hook.point("check")
        secret = await self._secrets.of(tool.secrets)
        result = await run_check(catalogue, tool, arguments, secret, expect)
        return self._secrets.clean_result(result)

    async def _run(self, case: _Case, plan: Mapping[str, object], fence: str) -> RunResult:
        tool, call = case.tool, plan["call"]
        assert isinstance(call, Mapping)

        async def run(emit: Emit) -> RunResult:
            runner = RUNNERS[tool.runner]
            secret = await self._secrets.of(tool.secrets)
            return await runner.run(call, tool.timeout_s, tool.output_cap, secret, emit)

        running = Running(self._store, case.proposal, fence, self._secrets.stream())
        self._running[case.proposal.id] = running
        try:
            result = await running.carry_out(run)
            clean = self._secrets.clean
            return RunResult(result.exit_code, clean(result.output), clean(result.problem))
        except BadInput as error:
            return RunResult(126, "", str(error))
        except Exception as error:  # it is claimed: whatever goes wrong now, it must come to an end
            log.exception("the runner failed", tool=tool.name)
            problem = f"the runner failed with {type(error).__name__}: whether it took effect is not known."
            return RunResult(None, "", problem)
        finally:
            del self._running[case.proposal.id]

    async def _finish(self, case: _Case, fence: str, result: RunResult) -> None:
        """Write how it ended, again and again while the store is busy or away: nobody else knows it."""
        for pause in itertools.chain(_PAUSES_S, itertools.repeat(_PAUSES_S[-1])):
            try:
                self._write_end(case, fence, result)
            except StoreUnavailable as error:
                log.warning("the end of an execution waits", problem=str(error))
                await asyncio.sleep(pause)
            else:
                return

    def _write_end(self, case: _Case, fence: str, result: RunResult) -> None:
        with self._store.begin() as tx:
            execution = Execution(
                case.proposal.id, fence, tx.now, tx.now, result.exit_code, result.output, result.problem
            )
            if tx.proposals.finish(execution):
                end_of_run(tx, case.proposal, case.tool, result)

    def _refuse(self, proposal: Proposal, source: ProposalState, reason: str) -> None:
        with self._store.begin() as tx:
            self._refuse_in(tx, proposal, source, reason)

    def _refuse_in(self, tx: Tx, proposal: Proposal, source: ProposalState, reason: str) -> None:
        if source.is_over or source is ProposalState.EXECUTING:
            return
        expired = proposal.execute_by is not None and tx.now >= proposal.execute_by
        state = ProposalState.EXPIRED if expired else ProposalState.REJECTED
        if tx.proposals.move(proposal.id, (source,), state, reason=reason):
            tx.audit.append("executor", f"refused: {state.value}", proposal.label, {"reason": reason})
            announce_proposal(tx, proposal)


def _settle_s(proposal: Proposal) -> float:
    """How long the action was signed to settle before it is verified."""
    verification = proposal.plan["verification"] if proposal.plan else {}
    assert isinstance(verification, Mapping)
    return float(verification.get("settle_s", 0))
