"""The executor: the only code that runs tools. It takes ids, reads the records and judges them again.

Its loop ends runs in time and hears who wants one stopped, so that whatever waits for the store does so in
threads.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from weakref import WeakValueDictionary

from bot import fault_hook
from bot.announcements import announce_proposal
from bot.domain.incident import Incident
from bot.domain.ports import Membership
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.records import CheckRun
from bot.domain.store import Store
from bot.domain.tool import CheckResult, Expectation, Tool, Verdict
from bot.errors import BadInput, CatalogueError, StoreUnavailable
from bot.following import interrupt
from bot.sign_off.budget import Budget
from bot.sign_off.digest import digest
from bot.sign_off.rendering import fits
from bot.tools.arguments import validate
from bot.tools.carrying_out import CarryingOut
from bot.tools.case import Case, plan_of, read_case
from bot.tools.catalogue import Catalogue
from bot.tools.checking import run_check
from bot.tools.claiming import Claim, claim
from bot.tools.in_force import catalogue_in_force
from bot.tools.plan import refuse_other_environment, refuse_out_of_scope, refuse_what_changes
from bot.tools.refusing import refuse
from bot.tools.runners.base import RunResult
from bot.tools.secrets import Secrets
from bot.tools.standing import sign_by_standing
from bot.tools.verifying import Verifier

JUDGED_AT_ONCE = 8
"""Signed proposals whose checks run at a time, however many are to be executed."""


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
        self._judging = asyncio.Semaphore(JUDGED_AT_ONCE)
        # Whoever waits for one holds it; nobody does, and it is gone.
        self._checking: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._store = store
        self._hold = hold
        self._membership = membership
        self._secrets = secrets_
        self._verifier = Verifier(store, self._check)
        self._carrying_out = CarryingOut(store, secrets_)

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
        requested = await asyncio.to_thread(self._requested, run_id)
        if requested is None:
            return
        run, incident, catalogue = requested
        try:
            tool = catalogue.tool(run.tool)
            refuse_what_changes(tool)
            refuse_out_of_scope(tool, incident)
            arguments = validate(tool, run.arguments, catalogue.inventory)
            refuse_other_environment(tool, arguments, incident, catalogue.inventory)
            result = await self._check(catalogue, tool, arguments)
        except (BadInput, CatalogueError) as error:
            result = CheckResult(run.tool, Verdict.UNKNOWN, None, "", "", "", str(error))
        await asyncio.to_thread(self._keep_result, run_id, result)

    def _requested(self, run_id: int) -> tuple[CheckRun, Incident, Catalogue] | None:
        """A check that has no result yet, with what it is judged by."""
        with self._store.read() as tx:
            run = tx.checks.get(run_id)
            catalogue = catalogue_in_force(tx)
            incident = tx.incidents.get(run.incident_id) if run else None
        if run is None or incident is None or run.result is not None:
            return None
        return run, incident, catalogue

    def _keep_result(self, run_id: int, result: CheckResult) -> None:
        with self._store.begin() as tx:
            tx.checks.finish(run_id, result)

    async def prepare(self, proposal_id: int) -> None:
        """Build the plan of a proposal: what will be shown, digested, signed and run."""
        case = await asyncio.to_thread(read_case, self._store, proposal_id)
        if case is None or case.proposal.state is not ProposalState.PROPOSED or case.proposal.digest:
            return
        try:
            plan, holds, before = await plan_of(case, self._check, self._secrets)
        except (BadInput, CatalogueError) as error:
            await self._refuse(case, str(error))
            return
        if not holds or not fits(plan):
            reason = "Its pre-condition does not hold now, so it would not help."
            if holds:
                reason = (
                    "It is too long to be shown whole, so nobody could sign it; put long content in a file."
                )
            await self._refuse(case, reason)
            return
        await asyncio.to_thread(self._keep_plan, case, plan, before)

    def _keep_plan(self, case: Case, plan: Mapping[str, object], before: CheckResult) -> None:
        with self._store.begin() as tx:
            if tx.proposals.prepared(case.proposal.id, plan, digest(plan), before.told):
                tx.audit.append("executor", "prepared", case.proposal.label, {"digest": digest(plan)})
                sign_by_standing(tx, case.proposal.id)
                announce_proposal(tx, case.proposal)

    async def execute(self, proposal_id: int) -> None:
        """Judge a signed proposal anew and, if everything still holds, run it: at most once, ever."""
        case = await asyncio.to_thread(read_case, self._store, proposal_id)
        if case is None or case.proposal.state is not ProposalState.SIGNED:
            return
        try:
            async with self._judging:
                plan, _, before = await plan_of(case, self._check, self._secrets)
        except (BadInput, CatalogueError) as error:
            await self._refuse(case, str(error))
            return
        await asyncio.to_thread(self._hold)
        wanted = Claim(case, plan, before, fence=secrets.token_hex(16))
        # Checks take their time; who is N3 is asked after them, and all else is read in the transaction.
        current = await asyncio.to_thread(self._membership.n3)
        try:
            claimed = await asyncio.to_thread(claim, self._store, wanted, current, self._budget)
        except StoreUnavailable:
            # Its commit may have been taken although nobody could say so; then this is how it ended.
            lost = "the store was lost as it was claimed, so it was not run."
            await self._carrying_out.finish(case, wanted.fence, RunResult(126, "", lost))
            raise
        if not claimed:
            return
        fault_hook.point("tool")
        result = await self._carrying_out.run(case, plan, wanted.fence)
        fault_hook.point("tool done")
        await self._carrying_out.finish(case, wanted.fence, result)

    async def stop(self, proposal_id: int) -> None:
        """End a run that somebody wants stopped; the row says so, and who."""
        await self._carrying_out.stop(proposal_id)

    async def verify(self, proposal_id: int) -> None:
        """Run the verification check that was signed again and write what it says."""
        await self._verifier.verify(proposal_id)

    async def look(self, proposal_id: int) -> None:
        """Read the signed verification again because a person asked."""
        await self._verifier.look(proposal_id)

    async def _refuse(self, case: Case, reason: str) -> None:
        """Refuse it, unless it has moved on since the case was read."""
        proposal = case.proposal
        await asyncio.to_thread(refuse, self._store, proposal, proposal.state, reason)

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


def _settle_s(proposal: Proposal) -> float:
    """How long the action was signed to settle before it is verified."""
    verification = proposal.plan["verification"] if proposal.plan else {}
    assert isinstance(verification, Mapping)
    return float(verification.get("settle_s", 0))
