"""The executor: the only code that runs tools. It takes ids, reads the records and judges them again."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from bot import fault_hook
from bot.announcements import announce_proposal
from bot.domain.incident import Incident
from bot.domain.ports import Membership
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState
from bot.domain.store import Store, Tx
from bot.domain.tool import CheckResult, Expectation, Tool, Verdict
from bot.errors import ArgumentRefused, BadInput, CatalogueError
from bot.following import follow
from bot.membership import note_membership
from bot.sign_off.digest import digest
from bot.sign_off.policy import Policy
from bot.sign_off.quorum import may_execute
from bot.sign_off.rendering import fits
from bot.tools.arguments import validate
from bot.tools.catalogue import Catalogue
from bot.tools.checking import run_check
from bot.tools.in_force import CATALOGUE, catalogue_in_force, policy_in_force
from bot.tools.plan import arguments_of, build, refuse_out_of_scope
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.secrets import Secrets

_OUTCOMES = {
    Verdict.HEALTHY: Outcome.FIXED,
    Verdict.FAULTY: Outcome.NOT_FIXED,
    Verdict.UNKNOWN: Outcome.CANNOT_TELL,
}


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

    def __init__(self, store: Store, membership: Membership, secrets_: Secrets) -> None:
        self._store = store
        self._membership = membership
        self._secrets = secrets_

    def settle_interrupted(self) -> list[int]:
        """At a start: executions that nobody watched to their end become unknown, and are never repeated."""
        with self._store.begin() as tx:
            interrupted = tx.proposals.in_states(ProposalState.EXECUTING)
            for proposal in interrupted:
                reason = "Vigie was interrupted while it ran: whether it took effect is not known."
                tx.proposals.move(
                    proposal.id, (ProposalState.EXECUTING,), ProposalState.UNKNOWN, reason=reason
                )
                tx.audit.append("executor", "execution interrupted", proposal.label, {"reason": reason})
                tx.proposals.verify_after(proposal.id, _settle_s(proposal))
                follow(tx, proposal.id)
                announce_proposal(tx, proposal)
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
            if tx.proposals.prepared(proposal_id, plan, digest(plan), before):
                tx.audit.append("executor", "prepared", case.proposal.label, {"digest": digest(plan)})
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
        fence = secrets.token_hex(16)
        # Checks take their time; who is N3 is asked after them, and all else is read in the transaction.
        current = await asyncio.to_thread(self._membership.n3)
        with self._store.begin() as tx:
            frozen = tx.n3.freeze() is not None
            proposal = tx.proposals.get(proposal_id)
            assert proposal is not None
            n3 = note_membership(tx, current, case.policy)
            given = tx.proposals.sign_offs(proposal_id)
            fresh = digest(plan) if case.is_still_so(tx, proposal) else ""
            judgement = may_execute(proposal, given, fresh, n3, case.policy, frozen, tx.now)
            if not judgement.allowed:
                if not frozen:
                    self._refuse_in(tx, proposal, ProposalState.SIGNED, judgement.reason)
                return
            if not tx.proposals.claim(proposal_id, fence):
                return
            tx.proposals.note_before(proposal_id, before)
            tx.audit.append(
                "executor", "execution started", proposal.label, {"digest": digest(plan), "fence": fence}
            )
            follow(tx, proposal_id)
            announce_proposal(tx, proposal)
            fault_hook.point("intent")
        fault_hook.point("tool")
        result = await self._run(case.tool, plan)
        fault_hook.point("tool done")
        self._finish(case, fence, result)

    async def verify(self, proposal_id: int) -> None:
        """Run the verification check again and write what it says."""
        case = self._case(proposal_id)
        if case is None or case.proposal.outcome is not None:
            return
        use = case.tool.verification
        assert use is not None
        try:
            arguments = arguments_of(case.catalogue, use, case.proposal.arguments)
            tool = case.catalogue.tool(use.tool)
            result = await self._check(case.catalogue, tool, arguments, use.expect)
        except (BadInput, CatalogueError) as error:
            result = CheckResult(use.tool, Verdict.UNKNOWN, None, "", "", "", str(error))
        outcome = _OUTCOMES[result.verdict]
        with self._store.begin() as tx:
            if tx.proposals.verified(proposal_id, result.told, outcome):
                tx.audit.append(
                    "executor", f"verified: {outcome.value}", case.proposal.label, {"after": result.told}
                )
                follow(tx, proposal_id)
                announce_proposal(tx, case.proposal)
        fault_hook.point("verified")

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

    async def _plan(self, case: _Case) -> tuple[dict[str, object], bool, str]:
        """The plan now, whether the pre-condition holds, and the value that verification will compare."""
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
        return plan, holds, before.told

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
        call = plan["call"]
        assert isinstance(call, Mapping)
        try:
            runner = RUNNERS[tool.runner]
            result = await runner.run(call, tool.timeout_s, tool.output_cap, self._secrets.get)
        except BadInput as error:
            return RunResult(126, "", str(error))
        return RunResult(result.exit_code, self._secrets.clean(result.output), result.problem)

    def _finish(self, case: _Case, fence: str, result: RunResult) -> None:
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


def _settle_s(proposal: Proposal) -> float:
    """How long the action was signed to settle before it is verified."""
    verification = proposal.plan["verification"] if proposal.plan else {}
    assert isinstance(verification, Mapping)
    return float(verification.get("settle_s", 0))
