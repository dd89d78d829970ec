"""What a verification means: whether it helped, whether it is worse than before, what follows from that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bot import fault_hook
from bot.announcements import announce_proposal, announce_undo_failed, announce_worse
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState
from bot.domain.store import Store, Tx
from bot.domain.tool import CheckResult, Expectation, Verdict
from bot.errors import ArgumentRefused, BadInput, Misconfigured
from bot.following import follow
from bot.tools.arguments import validate
from bot.tools.case import Check
from bot.tools.catalogue import Catalogue
from bot.tools.entries import CheckUse
from bot.tools.in_force import catalogue_in_force
from bot.tools.plan import resolve_call

_ENDED = (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)


class Verifier:
    """Looks again at what showed the fault, by the very check that was signed."""

    def __init__(self, store: Store, check: Check) -> None:
        self._store = store
        self._check = check

    async def verify(self, proposal_id: int) -> None:
        """Run the verification check that was signed again and write what it says."""
        proposal, execution = await asyncio.to_thread(self._read, proposal_id)
        if proposal is None or proposal.outcome is not None or proposal.state not in _ENDED:
            return
        worse = False
        try:
            result, expect = await self._look_again(proposal)
            outcome, after = outcome_of(proposal, result)
            worse = is_worse(proposal, execution, result, expect)
        except (BadInput, Misconfigured) as error:
            outcome, after = Outcome.CANNOT_TELL, f"cannot tell: {error.detail}"
        await asyncio.to_thread(self._write, proposal, outcome, after, worse)
        fault_hook.point("verified")

    def _write(self, proposal: Proposal, outcome: Outcome, after: str, worse: bool) -> None:
        """What it says and all that follows, in one commit."""
        with self._store.begin() as tx:
            # Somebody may have settled meanwhile how it ended; then it is looked at again in that light.
            fresh = tx.proposals.get(proposal.id)
            same = fresh is not None and fresh.state is proposal.state
            if same and tx.proposals.verified(proposal.id, after, outcome, worse):
                detail: dict[str, object] = {"after": after} | ({"worse": True} if worse else {})
                tx.audit.append("executor", f"verified: {outcome.value}", proposal.label, detail)
                follow(tx, proposal.id)
                follow_verification(tx, replace(proposal, outcome=outcome, after=after, worse=worse))
                announce_proposal(tx, proposal)

    async def look(self, proposal_id: int) -> None:
        """Read the signed verification again because a person asked; it decides nothing, it is evidence."""
        proposal, _ = await asyncio.to_thread(self._read, proposal_id)
        if proposal is None:
            return
        try:
            result, _ = await self._look_again(proposal)
            told, verdict = result.told, result.verdict
        except (BadInput, Misconfigured) as error:
            told, verdict = f"cannot tell: {error.detail}", Verdict.UNKNOWN
        await asyncio.to_thread(self._write_look, proposal, told, verdict)

    def _write_look(self, proposal: Proposal, told: str, verdict: Verdict) -> None:
        with self._store.begin() as tx:
            if tx.settling.looked(proposal.id, told, verdict.value):
                tx.audit.append("executor", f"looked again: {verdict.value}", proposal.label, {"told": told})
                announce_proposal(tx, proposal)

    def _read(self, proposal_id: int) -> tuple[Proposal | None, Execution | None]:
        with self._store.read() as tx:
            return tx.proposals.get(proposal_id), tx.proposals.execution(proposal_id)

    def _catalogue(self) -> Catalogue:
        with self._store.read() as tx:
            return catalogue_in_force(tx)

    async def _look_again(self, proposal: Proposal) -> tuple[CheckResult, Expectation | None]:
        """What the signed verification says now and should say; another check must not decide."""
        plan = proposal.plan
        if plan is None:
            raise ArgumentRefused("nothing was signed that could be verified.")
        signed, referenced, entry = plan["verification"], plan["referenced"], plan["entry"]
        assert isinstance(signed, Mapping) and isinstance(referenced, Mapping) and isinstance(entry, Mapping)
        catalogue = await asyncio.to_thread(self._catalogue)
        tool = catalogue.tool(signed["tool"])
        if referenced.get(tool.name) != tool.entry:
            raise ArgumentRefused(f"{tool.name}: its entry in the catalogue is not the one that was signed.")
        arguments = validate(tool, signed["arguments"], catalogue.inventory)
        if resolve_call(catalogue, tool, arguments) != signed["call"]:
            raise ArgumentRefused(f"{tool.name}: it would not look at what was signed any more.")
        use = CheckUse.model_validate(entry["verification"]).use()
        expect = use.expect or (tool.reads.healthy if tool.reads else None)
        return await self._check(catalogue, tool, arguments, use.expect), expect


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


def is_worse(
    proposal: Proposal, execution: Execution | None, result: CheckResult, expect: Expectation | None
) -> bool:
    """Whether the check says worse than just before: well no more, or further from what it should be."""
    if execution is None or result.verdict is not Verdict.FAULTY:
        return False
    if proposal.before_verdict == Verdict.HEALTHY.value:
        return True
    before, after = execution.before_value, result.value
    if expect is None or not (_is_number(before) and _is_number(after)):
        return False
    assert isinstance(before, int | float) and isinstance(after, int | float)
    return {"at_most": after > before, "at_least": after < before}.get(expect.operator, False)


def follow_verification(tx: Tx, proposal: Proposal) -> None:
    """Offer the signed undo where it is worse; where a compensating action failed, stop and call N3.

    An undo never leads to another: nothing is offered after it, people decide.
    """
    failed = proposal.state is not ProposalState.SUCCEEDED or proposal.outcome is Outcome.NOT_FIXED
    if proposal.undo_of is not None:
        if failed or proposal.worse:
            people = sorted(tx.n3.known(), key=lambda person: person.key)
            announce_undo_failed(tx, proposal, people)
            told = [person.key for person in people]
            tx.audit.append("executor", "undo failed; N3 called", proposal.label, {"people": told})
    elif proposal.worse:
        announce_worse(tx, proposal)
        undo = proposal.plan["undo"] if proposal.plan else {}
        named = undo.get("tool", "") if isinstance(undo, Mapping) else ""
        tx.audit.append("executor", "worse than before", proposal.label, {"undo": named})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
