"""What an incident says against the runbooks that were cited in it: pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.curation import Strike, StrikeKind
from bot.domain.diagnosis import Diagnosis
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.proposal import Outcome, Proposal, ProposalState
from knowledge.model import FOLLOWED


def by_cause(
    incident_id: int, made: Diagnosis | None, evidence: Sequence[Evidence], cause: str, now: datetime
) -> list[Strike]:
    """Documents behind the first hypothesis, where a person confirmed a cause that they do not back."""
    if made is None or not made.hypotheses or not cause or made.hypotheses[0].cause == cause:
        return []
    first = made.hypotheses[0]
    backing = {cited for other in made.hypotheses if other.cause == cause for cited in other.citations}
    wrong = _documents(first.citations, evidence) - _documents(tuple(backing), evidence)
    detail = f"{first.cause[:60]}, not {cause[:60]}"
    kind = StrikeKind.ANOTHER_CAUSE
    return [Strike(document, incident_id, kind, detail, now) for document in sorted(wrong)]


def by_actions(
    incident_id: int,
    made: Diagnosis | None,
    evidence: Sequence[Evidence],
    proposals: Sequence[Proposal],
    now: datetime,
) -> list[Strike]:
    """Documents that led to an action which failed, or did not help."""
    if made is None:
        return []
    in_vain = {p.tool for p in proposals if _was_in_vain(p)} - {p.tool for p in proposals if p.helped}
    led = {r.tool: _documents(r.citations, evidence) for r in made.remedies if r.tool in in_vain}
    return [
        Strike(document, incident_id, StrikeKind.ACTION_FAILED, tool[:100], now)
        for tool, documents in sorted(led.items())
        for document in sorted(documents)
    ]


def _was_in_vain(proposal: Proposal) -> bool:
    ran = proposal.state is ProposalState.SUCCEEDED and proposal.outcome is Outcome.NOT_FIXED
    return proposal.undo_of is None and (ran or proposal.state is ProposalState.FAILED)


def _documents(citations: Sequence[str], evidence: Sequence[Evidence]) -> set[str]:
    """Those that people follow; a past incident happened as it did."""
    return {
        str(piece.facts["document"])
        for piece in evidence
        if piece.id in citations
        and piece.kind is EvidenceKind.PASSAGE
        and piece.facts.get("kind") in FOLLOWED
        and piece.facts.get("document")
    }
