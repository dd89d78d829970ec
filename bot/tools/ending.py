"""How a run ended is written with all that follows from it, in one transaction; a late end counts, too."""

from __future__ import annotations

from bot.announcements import announce_freeze_again, announce_output_end, announce_proposal
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.store import Tx
from bot.domain.tool import Tool
from bot.following import follow
from bot.tools.runners.base import RunResult


def end_of_run(tx: Tx, proposal: Proposal, tool: Tool, result: RunResult) -> None:
    """The run has ended and its row says so: move the proposal, look again later, let others start."""
    state = _state_of(result)
    detail: dict[str, object] = {"exit_code": result.exit_code, "problem": result.problem}
    if execution := tx.proposals.execution(proposal.id):
        detail |= {"stopped_by": execution.stop_by} if execution.stop_by else {}
    verification = tool.verification
    assert verification is not None
    executing = (ProposalState.EXECUTING,)
    if tx.proposals.move(proposal.id, executing, state, reason=result.problem):
        tx.audit.append("executor", f"execution {state.value}", proposal.label, detail)
        tx.proposals.verify_after(proposal.id, verification.settle_s)
    else:
        _late(tx, proposal, state, result, detail)
    follow(tx, proposal.id)
    announce_proposal(tx, proposal)
    announce_output_end(tx, proposal, result.output)
    announce_freeze_again(tx)
    for waiting in tx.proposals.in_states(ProposalState.SIGNED):
        tx.setbacks.hurry(f"execute:{waiting.id}")


def _late(
    tx: Tx, proposal: Proposal, state: ProposalState, result: RunResult, detail: dict[str, object]
) -> None:
    """It was given up as unknown; whoever ran it saw the end, unless a person has settled it by then."""
    tx.audit.append("executor", f"late end: {state.value}", proposal.label, detail)
    settled = tx.settling.settlement(proposal.id) is not None
    if settled or state is ProposalState.UNKNOWN:
        return
    reason = f"Its end came late. {result.problem}".strip()
    if tx.proposals.move(proposal.id, (ProposalState.UNKNOWN,), state, reason=reason):
        tx.proposals.reopen(proposal.id)


def _state_of(result: RunResult) -> ProposalState:
    if result.exit_code is None:
        return ProposalState.UNKNOWN
    return ProposalState.SUCCEEDED if result.ok else ProposalState.FAILED
