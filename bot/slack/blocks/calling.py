"""What somebody of N3 gets by direct message: what waits for them, the button, and how it was decided."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Incident
from bot.domain.proposal import Proposal, ProposalState, SignOff
from bot.sign_off.calling import Call, Why
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock, span

UNREAD = (
    "Slack does not say who is N3, so nobody could be called just now, and nobody can sign."
    " It is tried again by itself; tell somebody of N3 to look here."
)
_WHY = {
    Why.FIRST: "Your signature is asked for first.",
    Why.NEXT: "Those who were asked before have not answered; you are the next.",
    Why.REMINDER: "You were asked before, and the time to sign is nearly over.",
}


def headline(call: Call, proposal: Proposal) -> str:
    """What a notification shows; the tool is named as the catalogue has it."""
    if proposal.state is not ProposalState.PROPOSED:
        return f"{proposal.label} {proposal.tool}: {proposal.state.value}"
    left = span(proposal.sign_by - call.at)
    return f"{proposal.label} {proposal.tool} waits for your signature: {left} left"


def call(
    call: Call, proposal: Proposal, incident: Incident, sign_offs: Sequence[SignOff], refusal: str
) -> list[Block]:
    """The message, edited in place; `refusal` says why this person may not sign (any more), if so."""
    waiting = proposal.state is ProposalState.PROPOSED
    state = "*waits for your signature*" if waiting else f"*{proposal.state.value}*"
    icon = ":alarm_clock:" if call.why is Why.REMINDER else ":bell:"
    blocks = [
        parts.status(
            f"{icon if waiting else ':memo:'} *{proposal.label}* {state} · risk *{proposal.risk.value}*"
        ),
        parts.rich(parts.line(parts.run(parts.cut(proposal.tool, 150), bold=True))),
        parts.note(f"For incident *{incident.label}* · *{incident.severity.word}* · {incident.state.value}"),
        parts.foreign_note(
            parts.cut(f"{incident.title} ({incident.service} in {incident.environment})", 500)
        ),
    ]
    signed = [s for s in sign_offs if s.signed]
    if waiting:
        return [*blocks, *_waiting(call, proposal, signed, refusal)]
    return [*blocks, parts.status(_decided(proposal, sign_offs))]


def _waiting(call: Call, proposal: Proposal, signed: Sequence[SignOff], refusal: str) -> list[Block]:
    left = span(proposal.sign_by - call.at)
    proposer = f"Proposed by <@{proposal.proposer.user_id}>"
    until = f"sign before {clock(proposal.sign_by)}, {left} from this message"
    given = f"{len(signed)} of {proposal.signatures_needed} signature(s) given"
    blocks = [parts.note(f"{proposer} · {until} · {given}")]
    if any(s.person == call.person for s in signed):
        return [*blocks, parts.status("You have signed it; nothing left for you to do.")]
    if refusal:
        return [*blocks, parts.status(refusal)]
    value = str(proposal.id)
    sign = parts.button("Sign…", "sign_open", value, "primary")
    reject = parts.button("Reject", "reject", value, "danger")
    return [*blocks, parts.note(_WHY[call.why]), parts.buttons(sign, reject)]


def _decided(proposal: Proposal, sign_offs: Sequence[SignOff]) -> str:
    """How it came to an end, as status in our own words."""
    rejected = [s for s in sign_offs if not s.signed]
    if proposal.state is ProposalState.EXPIRED:
        return ":hourglass: The time is over. Nothing left to do, unless somebody proposes it again."
    if proposal.state is ProposalState.REJECTED:
        by = f" by {_people(rejected)}" if rejected else ""
        return f":no_entry: Rejected{by}. Nothing left to do."
    return f":pencil2: Signed by {_people([s for s in sign_offs if s.signed])}. Nothing left to do."


def _people(sign_offs: Sequence[SignOff]) -> str:
    return ", ".join(f"<@{s.person.user_id}>" for s in sign_offs[:10]) or "nobody"
