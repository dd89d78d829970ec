"""The executor: the only code that runs tools. It takes ids, reads the records and judges them again."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from bot import fault_hook
from bot.announcements import announce_proposal
from bot.domain.incident import Incident
from bot.domain.person import Person
from bot.domain.ports import Membership
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState
from bot.domain.store import Store, Tx
from bot.domain.tool import CheckResult, Expectation, Tool, Verdict
from bot.errors import ArgumentRefused, BadInput, CatalogueError, Misconfigured, StoreUnavailable
from bot.following import follow, interrupt
from bot.membership import note_membership
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import may_execute
from bot.sign_off.rendering import fits
from bot.tools.arguments import validate
from bot.tools.catalogue import Catalogue
from bot.tools.checking import run_check
from bot.tools.entries import CheckUse
from bot.tools.in_force import CATALOGUE, catalogue_in_force, policy_in_force
from bot.tools.plan import arguments_of, build, refuse_out_of_scope, resolve_call
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.secrets import Secrets
from bot.tools.standing import sign_by_standing, under_standing

_ENDED = (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
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
    ) -> None:
        """`hold` raises where this executor is not the one executor of the store any more."""
        self._store = store
        self._hold = hold
        self._membership = membership
        self._secrets = secrets_

    def settle_interrupted(self) -> list[int]:
        """At a start: executions that nobody watched to their end become unknown, and are never repeated."""
        with self._store.begin() as tx:
            interrupted = tx.proposals.in_states(ProposalState.EXECUTING)
            for proposal in interrupted:
                reason = "Vigie was interrupted while it ran: whether it took effect is not known."
                interrupt(tx, proposal, "executor", reason, _settle_s(proposal))
        return [proposal.id for proposal in interrupted]

    async def check(self, run_id: int) -> None:
        """Run a requested check and write its result to its row."""
        with self._store.read() as tx:
            run = tx.checks.get(run_id)
            catalogue = catalogue_in_force(tx)
            incident = tx.incidents.get(run.incident_id) if run else None
        if run is None or incident is None or run.result is not None:
            return
        try:
            tool = catalogue.tool(run.tool)
            refuse_out_of_scope(tool, incident)
            arguments = validate(tool, run.arguments, catalogue.inventory)
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
        result = await self._run(case.tool, plan)
        fault_hook.point("tool done")
        await self._finish(case, fence, result)

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
            if not tx.proposals.claim(proposal.id, fence):
                return False
            tx.proposals.note_before(proposal.id, before.told, before.verdict.value)
            detail = {"digest": digest(plan), "fence": fence, **under.detail}
            tx.audit.append("executor", "execution started", proposal.label, detail)
            follow(tx, proposal.id)
            announce_proposal(tx, proposal)
            fault_hook.point("intent")
        return True

    async def verify(self, proposal_id: int) -> None:
        """Run the verification check that was signed again and write what it says."""
        with self._store.read() as tx:
            proposal = tx.proposals.get(proposal_id)
        if proposal is None or proposal.outcome is not None or proposal.state not in _ENDED:
            return
        try:
            outcome, after = outcome_of(proposal, await self._look_again(proposal))
        except (BadInput, Misconfigured) as error:
            outcome, after = Outcome.CANNOT_TELL, f"cannot tell: {error.detail}"
        with self._store.begin() as tx:
            if tx.proposals.verified(proposal_id, after, outcome):
                tx.audit.append("executor", f"verified: {outcome.value}", proposal.label, {"after": after})
                follow(tx, proposal_id)
                announce_proposal(tx, proposal)
        fault_hook.point("verified")

    async def _look_again(self, proposal: Proposal) -> CheckResult:
        """What the signed verification says now; another check than the signed one must not decide."""
        plan = proposal.plan
        if plan is None:
            raise ArgumentRefused("nothing was signed that could be verified.")
        signed, referenced, entry = plan["verification"], plan["referenced"], plan["entry"]
        assert isinstance(signed, Mapping) and isinstance(referenced, Mapping) and isinstance(entry, Mapping)
        with self._store.read() as tx:
            catalogue = catalogue_in_force(tx)
        tool = catalogue.tool(signed["tool"])
        if referenced.get(tool.name) != tool.entry:
            raise ArgumentRefused(f"{tool.name}: its entry in the catalogue is not the one that was signed.")
        arguments = validate(tool, signed["arguments"], catalogue.inventory)
        if resolve_call(catalogue, tool, arguments) != signed["call"]:
            raise ArgumentRefused(f"{tool.name}: it would not look at what was signed any more.")
        use = CheckUse.model_validate(entry["verification"]).use()
        return await self._check(catalogue, tool, arguments, use.expect)

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
        results = []
        for use in (tool.precondition, tool.verification):
            inner = arguments_of(catalogue, use, arguments)
            results.append(await self._check(catalogue, catalogue.tool(use.tool), inner, use.expect))
        precondition, before = results
        holds = precondition.verdict is Verdict.HEALTHY
        plan = build(catalogue, case.policy, case.incident, tool, arguments, precondition, holds)
        return plan, holds, before

    async def _check(
        self,
        catalogue: Catalogue,
        tool: Tool,
        arguments: Mapping[str, object],
        expect: Expectation | None = None,
    ) -> CheckResult:
        fault_hook.point("check")
        result = await run_check(catalogue, tool, arguments, self._secrets.get, expect)
        return self._secrets.clean_result(result)

    async def _run(self, tool: Tool, plan: Mapping[str, object]) -> RunResult:
        try:
            call = plan["call"]
            assert isinstance(call, Mapping)
            runner = RUNNERS[tool.runner]
            result = await runner.run(call, tool.timeout_s, tool.output_cap, self._secrets.get)
            return RunResult(result.exit_code, self._secrets.clean(result.output), result.problem)
        except BadInput as error:
            return RunResult(126, "", str(error))
        except Exception as error:  # it is claimed: whatever goes wrong now, it must come to an end
            log.exception("the runner failed", tool=tool.name)
            problem = f"the runner failed with {type(error).__name__}: whether it took effect is not known."
            return RunResult(None, "", problem)

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
        if result.exit_code is None:
            state = ProposalState.UNKNOWN
        else:
            state = ProposalState.SUCCEEDED if result.ok else ProposalState.FAILED
        verification = case.tool.verification
        assert verification is not None
        with self._store.begin() as tx:
            execution = Execution(
                case.proposal.id, fence, tx.now, tx.now, result.exit_code, result.output, result.problem
            )
            if not tx.proposals.finish(execution):
                return
            tx.proposals.move(case.proposal.id, (ProposalState.EXECUTING,), state, reason=result.problem)
            tx.proposals.verify_after(case.proposal.id, verification.settle_s)
            tx.audit.append(
                "executor",
                f"execution {state.value}",
                case.proposal.label,
                {"exit_code": result.exit_code, "problem": result.problem},
            )
            follow(tx, case.proposal.id)
            announce_proposal(tx, case.proposal)

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


def outcome_of(proposal: Proposal, result: CheckResult) -> tuple[Outcome, str]:
    """What a verification means, and what is told of it.

    "Fixed" needs all of it: the action ended well, the check was faulty just before it, and is healthy now.
    """
    if result.verdict is Verdict.FAULTY:
        return Outcome.NOT_FIXED, result.told
    if result.verdict is Verdict.UNKNOWN:
        return Outcome.CANNOT_TELL, result.told
    if proposal.state is not ProposalState.SUCCEEDED:
        reason = "it is as it should be now, but the action did not end well"
        return Outcome.CANNOT_TELL, f"{result.told} ({reason})"
    # An undo takes back what may have looked well; its own verification alone says whether it did.
    if proposal.undo_of is None and proposal.before_verdict != Verdict.FAULTY.value:
        reason = "it was as it should be before, too"
        if proposal.before_verdict != Verdict.HEALTHY.value:
            reason = "it is as it should be now, but how it was before is not known"
        return Outcome.CANNOT_TELL, f"{result.told} ({reason})"
    return Outcome.FIXED, result.told


def _settle_s(proposal: Proposal) -> float:
    """How long the action was signed to settle before it is verified."""
    verification = proposal.plan["verification"] if proposal.plan else {}
    assert isinstance(verification, Mapping)
    return float(verification.get("settle_s", 0))
