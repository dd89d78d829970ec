"""Refuses a proposal where its record says why, and its card shows it."""

from __future__ import annotations

from bot.announcements import announce_proposal
from bot.domain.proposal import Proposal, ProposalState
from bot.domain.store import Store, Tx


def refuse(store: Store, proposal: Proposal, source: ProposalState, reason: str) -> None:
    """The same in a transaction of its own."""
    with store.begin() as tx:
        refuse_in(tx, proposal, source, reason)


def refuse_in(tx: Tx, proposal: Proposal, source: ProposalState, reason: str) -> None:
    """It is rejected, or expired where its time is up; what runs or is over stays as it is."""
    if source.is_over or source is ProposalState.EXECUTING:
        return
    expired = proposal.execute_by is not None and tx.now >= proposal.execute_by
    state = ProposalState.EXPIRED if expired else ProposalState.REJECTED
    if tx.proposals.move(proposal.id, (source,), state, reason=reason):
        tx.audit.append("executor", f"refused: {state.value}", proposal.label, {"reason": reason})
        announce_proposal(tx, proposal)
