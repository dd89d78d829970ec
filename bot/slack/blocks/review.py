"""The card on which N3 say what they think of a signature that one of them gave alone."""

from __future__ import annotations

from bot.domain.person import Person
from bot.domain.proposal import Proposal
from bot.domain.records import Review
from bot.slack.blocks import parts
from bot.slack.blocks.incident import clock
from bot.slack.blocks.parts import Block

_REASON = 200  # of its characters, in a list
_SAID = {
    "fine": ":white_check_mark: *It was fine*",
    "should not": ":x: *It should not have been signed alone*",
}


def card(review: Review, proposal: Proposal) -> list[Block]:
    """What was signed, by whom and why, how it ended; the two buttons, or what was said."""
    outcome = f", {proposal.outcome.value}" if proposal.outcome else ""
    blocks = [
        parts.status(f":eyes: *{proposal.label}* was signed by one N3 alone. Was that right?"),
        parts.rich(parts.line(parts.run(proposal.tool, bold=True))),
        parts.note(
            f"Signed by <@{review.signer.user_id}> on {review.signed_at:%d %b} at {clock(review.signed_at)},"
            f" as nobody else of N3 had answered · for incident *#{proposal.incident_id}*"
            f" · *{proposal.state.value}{outcome}*"
        ),
        parts.foreign_note(f"The reason given: {review.reason}"),
    ]
    if review.verdict:
        by = Person.from_key(review.by)
        at = f" at {clock(review.at)}" if review.at else ""
        return [*blocks, parts.status(f"{_SAID[review.verdict]}, says <@{by.user_id}>{at}.")]
    return [*blocks, judging_buttons(review)]


def line(review: Review, proposal: Proposal, incident: str) -> list[Block]:
    """It in a list of what waits for N3; `incident` is how that is named there."""
    ended = f"{proposal.state.value}, {proposal.outcome.value}" if proposal.outcome else proposal.state.value
    own = (
        f":eyes: *{proposal.label}* for {incident} was signed by <@{review.signer.user_id}> alone on"
        f" {review.signed_at:%d %b} at {clock(review.signed_at)} · *{ended}* · was that right?"
    )
    tool = parts.short(proposal.tool, 60)
    return [parts.status(own), parts.foreign_note(f"{tool}: {parts.cut(review.reason, _REASON)}")]


def judging_buttons(review: Review) -> Block:
    """What others of N3 may say of it."""
    value = str(review.proposal_id)
    fine = parts.button("Fine", "review_fine", value, "primary")
    return parts.buttons(fine, parts.button("Should not have", "review_not", value, "danger"))
