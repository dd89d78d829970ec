"""What a remedy rests on: nothing is proposed because of a document that does not count any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.domain.diagnosis import Remedy
from bot.domain.evidence import Evidence, EvidenceKind


def outdated(remedy: Remedy, evidence: Sequence[Evidence], why: Callable[[Evidence], str]) -> str:
    """Why none of its documents counts; empty where one does, or where it rests on none.

    `why` says it of one piece of evidence.
    """
    cited = [piece for piece in evidence if piece.id in remedy.citations]
    documents = [piece for piece in cited if piece.kind is EvidenceKind.PASSAGE]
    # That another document is cited beside it makes an old runbook no younger.
    linking = [piece for piece in documents if _links(piece, remedy.tool)] or documents
    reasons = [why(piece) for piece in linking]
    if not reasons or not all(reasons):
        return ""
    return f"of “{linking[0].title[:120]}” ({linking[0].id}), {reasons[0][:160]}"


def _links(piece: Evidence, tool: str) -> bool:
    actions = piece.facts.get("actions")
    return isinstance(actions, list | tuple) and tool in actions
