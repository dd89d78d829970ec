"""What becomes of a standing sign-off, shared by copilot, stages and executor: each with trace and words."""

from __future__ import annotations

from bot.announcements import N3_CHANNEL, announce_direct_copies, incident_key
from bot.domain.proposal import Proposal
from bot.domain.standing import StandingSignOff, StandingState
from bot.domain.store import Tx


def standing_key(standing_id: int) -> str:
    return f"standing:{standing_id}"


def announce_standing(tx: Tx, standing_id: int) -> None:
    """Its card in N3's channel, posted once and edited in place, and what N3 were told of it directly."""
    key = standing_key(standing_id)
    tx.posts.want(key, N3_CHANNEL, "standing", standing_id)
    announce_direct_copies(tx, "standing", standing_id, key)


def announce_standing_to(tx: Tx, standing_id: int, user_id: str) -> None:
    """The same by direct message to somebody of N3, once."""
    key = f"{standing_key(standing_id)}:{user_id}"
    tx.posts.want(key, user_id, "standing", standing_id, content={"user": user_id})


def told_of_use(tx: Tx, proposal: Proposal) -> None:
    """Each use in N3's channel, a message of its own that follows its proposal."""
    tx.posts.want(f"proposal:{proposal.id}:use", N3_CHANNEL, "standing_use", proposal.id)


def suspend(tx: Tx, standing: StandingSignOff, reason: str) -> bool:
    """Nothing runs by it any more until N3 signs it anew; the signatures so far are void."""
    moved = tx.standing.move(
        standing.id,
        (StandingState.IN_FORCE,),
        StandingState.SUSPENDED,
        reason=reason,
        round=standing.round + 1,
        given_by=[],
    )
    if moved:
        tx.audit.append("vigie", "suspended", standing.actor, {"reason": reason})
        announce_standing(tx, standing.id)
        tell(tx, standing, f":raised_hand: *{standing.label}* is suspended.", reason)
    return moved


def end(tx: Tx, standing: StandingSignOff, state: StandingState, actor: str, reason: str) -> bool:
    """It is over for good."""
    sources = [source for source in StandingState if not source.is_over]
    moved = tx.standing.move(standing.id, sources, state, reason=reason)
    if moved:
        tx.audit.append(actor, state.value, standing.actor, {"reason": reason, "digest": standing.digest})
        announce_standing(tx, standing.id)
    return moved


def tell(tx: Tx, standing: StandingSignOff, text: str, reason: str) -> None:
    """A message of its own in N3's channel, as nobody is told of an edit."""
    key = f"{standing_key(standing.id)}:told:{tx.now.isoformat()}"
    tx.posts.want(key, N3_CHANNEL, "text", content={"text": text, "foreign": reason})


def left_key(standing_id: int, incident_id: int) -> str:
    """The message in an incident's thread that says why it was left to people."""
    return f"{standing_key(standing_id)}:left:{incident_id}"


def leave_to_people(tx: Tx, standing: StandingSignOff, incident_id: int, reason: str) -> None:
    """It fits the alert and was not used: said once, in the thread, with why."""
    text = f":robot_face: *{standing.label}* fits this alert and was *not* used. It is left to people."
    content = {"text": text, "foreign": reason}
    key = left_key(standing.id, incident_id)
    tx.posts.want(key, "incidents", "text", incident_id, incident_key(incident_id), content)
    tx.audit.append(standing.actor, "not used", f"incident #{incident_id}", {"reason": reason})
