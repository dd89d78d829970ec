"""What was signed before a restore is void: nothing that a backup brings back may run by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.announcements import announce_text, answer_key, foresee_incident
from bot.domain.inbox import InboxKind
from bot.domain.incident import IncidentState
from bot.domain.proposal import ProposalState
from bot.domain.store import Tx
from bot.following import expire, interrupt

# More than are ever made between a backup and its restore. Slack still shows the cards of those that were
# lost, with buttons that carry nothing but a number: no new row may have one of theirs.
_GAP = 10_000


@dataclass(frozen=True, slots=True)
class Voided:
    """What a restore has ended: labels of proposals, and counts."""

    expired: tuple[str, ...]
    unknown: tuple[str, ...]
    offers: int
    standing: int
    in_doubt: int


def void(tx: Tx, taken: str, backup: str, head_seen: Mapping[str, object] | None = None) -> Voided:
    """End whatever could run by an old signature, and send nothing that Slack may have already.

    `taken` is when the backup was made, `backup` the hash of its last audit event, `head_seen` the newest
    head that was signed before. All of it is audited, and announced in Slack at the next start.
    """
    for records in (tx.incidents, tx.proposals, tx.standing, tx.n3):
        records.leave_gap(_GAP)
    in_doubt = _doubt(tx)  # before what is announced below, which Slack cannot have yet
    voided = Voided(
        expired=_expire(tx, taken),
        unknown=_settle(tx, taken),
        offers=tx.n3.void_offers(),
        standing=tx.standing.void(),
        in_doubt=in_doubt,
    )
    detail = {
        "backup_taken": taken,
        "backup_head": backup,
        "expired": list(voided.expired),
        "unknown": list(voided.unknown),
        "offers": voided.offers,
        "standing": voided.standing,
        "head_seen": dict(head_seen) if head_seen else None,
    }
    restored = tx.audit.append("vigie", "restored", "store", detail)
    announce_text(tx, f"restored:{restored.hash[:16]}", _told(taken, voided))
    return voided


def _expire(tx: Tx, taken: str) -> tuple[str, ...]:
    reason = f"Vigie was restored from a backup of {taken}, so what was signed is void. Propose it again."
    found = tx.proposals.in_states(ProposalState.PROPOSED, ProposalState.SIGNED)
    for proposal in found:
        expire(tx, proposal, reason)
    return tuple(proposal.label for proposal in found)


def _settle(tx: Tx, taken: str) -> tuple[str, ...]:
    """What ran when the backup was taken has ended since, and nobody knows how; it is looked at again."""
    reason = f"It ran when the backup of {taken} was taken: whether it took effect is not known."
    found = tx.proposals.in_states(ProposalState.EXECUTING)
    for proposal in found:
        interrupt(tx, proposal, "vigie", reason, settle_s=0)
    return tuple(proposal.label for proposal in found)


def _doubt(tx: Tx) -> int:
    """Messages that may be in Slack already, although no row can say so."""
    for incident in tx.incidents.in_states(*(s for s in IncidentState if s is not IncidentState.CLOSED)):
        foresee_incident(tx, incident)
    for key in tx.inbox.pending(InboxKind.ASK):
        asked = tx.inbox.get(key)
        if asked is not None:
            thread = asked.payload.get("thread_ts")
            channel, thread_of = str(asked.payload["channel"]), f"ts:{thread}" if thread else ""
            tx.posts.foresee(answer_key(key), channel, "answer", thread_of=thread_of)
    return tx.posts.doubt_unsent()


def _told(taken: str, voided: Voided) -> str:
    lines = [
        f":rewind: *Vigie was restored from a backup of {taken}.* What happened since is not known to it.",
        "Every signature from before is void; what is still wanted has to be proposed and signed again.",
    ]
    if voided.expired:
        lines.append(f"Expired: {', '.join(voided.expired)}.")
    if voided.unknown:
        lines.append(f"Perhaps run, not known: {', '.join(voided.unknown)}.")
    lines.append(
        "Catalogue, policy and N3 are those of the backup, and so is the freeze: look at `/vigie status`."
    )
    return "\n".join(lines)
