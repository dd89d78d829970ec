"""An incident follows its action; both are committed together, so that no crash parts them."""

from __future__ import annotations

from bot.announcements import announce_incident
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


def _state_after(proposal: Proposal) -> IncidentState:
    if proposal.outcome is Outcome.FIXED and proposal.undo_of is None:
        return IncidentState.MONITORING
    waits = proposal.state in (ProposalState.EXECUTING, ProposalState.SUCCEEDED) and proposal.outcome is None
    return IncidentState.MITIGATING if waits else IncidentState.IDENTIFIED
