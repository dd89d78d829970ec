"""What is known of a run, for people: the output so far, the check read again, what was settled."""

from __future__ import annotations

from dataclasses import dataclass

from bot.announcements import output_key
from bot.domain.proposal import Look, Settlement
from bot.domain.store import Tx


@dataclass(frozen=True, slots=True)
class Aftermath:
    """The output as far as it is in rows; `is_streamed`: a message of its own shows it in the thread."""

    output: str = ""
    is_streamed: bool = False
    look: Look | None = None
    settlement: Settlement | None = None
    undone_by: int | None = None


def aftermath_of(tx: Tx, proposal_id: int) -> Aftermath:
    """All of it at this moment."""
    execution, proposal = tx.proposals.execution(proposal_id), tx.proposals.get(proposal_id)
    if execution is None or proposal is None:
        return Aftermath()
    output = execution.output or "".join(tx.executions.pieces(proposal_id))
    undos = [p.id for p in tx.proposals.of_incident(proposal.incident_id) if p.undo_of == proposal_id]
    return Aftermath(
        output,
        tx.posts.get(output_key(proposal_id)) is not None,
        tx.settling.last_look(proposal_id),
        tx.settling.settlement(proposal_id),
        undos[-1] if undos else None,
    )
