"""An incident follows its action; both are committed together, so that no crash parts them."""

from __future__ import annotations

from bot.announcements import announce_incident, announce_proposal
from bot.domain.incident import IncidentState
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.store import Tx

_STARTED = (ProposalState.EXECUTING, ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)


def follow(tx: Tx, proposal_id: int) -> None:
    """Move the incident to where its action has brought it."""
    proposal = tx.proposals.get(proposal_id)
    if proposal is not None and proposal.state in _STARTED:
        # An incident that was not seen mitigating yet passes through it.
        tx.incidents.move(proposal.incident_id, IncidentState.MITIGATING)
        tx.incidents.move(proposal.incident_id, _state_after(proposal))
        announce_incident(tx, proposal.incident_id)


def interrupt(tx: Tx, proposal: Proposal, actor: str, reason: str, settle_s: float) -> None:
    """What ran unwatched becomes unknown, is never repeated, and is looked at again after `settle_s`."""
    if tx.proposals.move(proposal.id, (ProposalState.EXECUTING,), ProposalState.UNKNOWN, reason=reason):
        tx.audit.append(actor, "execution interrupted", proposal.label, {"reason": reason})
        tx.proposals.verify_after(proposal.id, settle_s)
        follow(tx, proposal.id)
        announce_proposal(tx, proposal)


def expire(tx: Tx, proposal: Proposal, reason: str) -> None:
    """What waited for signatures or for its start is over, unless it has moved on since it was read."""
    if tx.proposals.move(proposal.id, (proposal.state,), ProposalState.EXPIRED, reason=reason):
        tx.audit.append("vigie", "expired", proposal.label, {"reason": reason})
        announce_proposal(tx, proposal)


def _state_after(proposal: Proposal) -> IncidentState:
    if proposal.outcome is Outcome.FIXED and proposal.undo_of is None:
        return IncidentState.MONITORING
    waits = proposal.state in (ProposalState.EXECUTING, ProposalState.SUCCEEDED) and proposal.outcome is None
    return IncidentState.MITIGATING if waits else IncidentState.IDENTIFIED
