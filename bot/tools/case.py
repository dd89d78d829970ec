"""A proposal with everything that has to be read anew to judge it, and the plan that follows from it now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.proposal import Proposal
from bot.domain.store import Store, Tx
from bot.domain.tool import CheckResult, Expectation, Tool, Verdict
from bot.errors import ArgumentRefused
from bot.sign_off.policy import Policy
from bot.tools.arguments import validate
from bot.tools.catalogue import Catalogue
from bot.tools.dry_run import dry_run
from bot.tools.identity import sign_second_look
from bot.tools.in_force import CATALOGUE, catalogue_in_force, policy_in_force
from bot.tools.plan import arguments_of, build
from bot.tools.refusing import refuse
from bot.tools.secrets import Secrets

Check = Callable[[Catalogue, Tool, Mapping[str, object], Expectation | None], Awaitable[CheckResult]]
Plan = dict[str, object]


@dataclass(frozen=True, slots=True)
class Case:
    """What one transaction has read; `tool` is the entry of the catalogue that was in force."""

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


def read_case(store: Store, proposal_id: int) -> Case | None:
    """None where there is none, or where its tool is not in force any more: then it is refused. Blocks."""
    with store.read() as tx:
        proposal = tx.proposals.get(proposal_id)
        incident = tx.incidents.get(proposal.incident_id) if proposal else None
        if proposal is None or incident is None:
            return None
        catalogue, policy = catalogue_in_force(tx), policy_in_force(tx)
    if proposal.tool not in catalogue.tools:
        reason = f"{proposal.tool} is not in the catalogue that is in force."
        refuse(store, proposal, proposal.state, reason)
        return None
    return Case(proposal, incident, catalogue, policy, catalogue.tool(proposal.tool))


async def plan_of(case: Case, check: Check, secrets: Secrets) -> tuple[Plan, bool, CheckResult]:
    """The plan now, whether the pre-condition holds, and what verification will compare with.

    Raises:
        BadInput, CatalogueError: it cannot be planned; the message says why.
    """
    tool, catalogue = case.tool, case.catalogue
    if tool.precondition is None or tool.verification is None:
        raise ArgumentRefused(f"{tool.name}: only actions can be proposed.")
    arguments = validate(tool, case.proposal.arguments, catalogue.inventory)
    looks = []
    for use in (tool.precondition, tool.verification):
        inner = arguments_of(catalogue, use, arguments)
        result = await check(catalogue, catalogue.tool(use.tool), inner, use.expect)
        looks.append((use.tool, inner, result))
    precondition, before = (result for *_, result in looks)
    holds = precondition.verdict is Verdict.HEALTHY
    plan = build(catalogue, case.policy, case.incident, tool, arguments, precondition, holds)
    if holds:
        sign_second_look(plan, *looks)
    if holds and (tried := await dry_run(catalogue, tool, arguments, secrets, case.proposal.plan)):
        plan["dry_run"] = tried
    return plan, holds, before
