"""The card of a proposal, and the modal in which it is signed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.sign_off.calling import Call, Why
from bot.sign_off.rendering import Part
from bot.sign_off.rendering import parts as plan_parts
from bot.slack.blocks import parts
from bot.slack.blocks.incident import clock
from bot.slack.blocks.parts import Block

_OUTCOMES = {
    Outcome.FIXED: ":white_check_mark: *fixed*",
    Outcome.NOT_FIXED: ":x: *not fixed*",
    Outcome.CANNOT_TELL: ":grey_question: *cannot tell*",
}

_ESSENTIAL = 850
_ICONS = {
    ProposalState.PROPOSED: ":memo:",
    ProposalState.SIGNED: ":pencil2:",
    ProposalState.EXECUTING: ":hourglass_flowing_sand:",
    ProposalState.REJECTED: ":no_entry:",
    ProposalState.EXPIRED: ":hourglass:",
    ProposalState.FAILED: ":x:",
    ProposalState.UNKNOWN: ":warning:",
}
# Each is about 80 characters of one small line, which holds 3,000.
_CALLS = 20


def card(
    proposal: Proposal,
    sign_offs: Sequence[SignOff],
    execution: Execution | None,
    called: Sequence[Call] = (),
    trouble: str = "",
) -> list[Block]:
    """What is proposed, where it stands, who of N3 was told (or why nobody could be), and how it ended."""
    state = proposal.state.value
    if proposal.state is ProposalState.PROPOSED and not proposal.digest:
        state = "being prepared"
    who = f"proposed by <@{proposal.proposer.user_id}>"
    if proposal.standing is not None:
        who = f"by standing sign-off *S{proposal.standing}*, without asking anybody"
    blocks = [parts.status(f"{_icon(proposal)} *{proposal.label}* · *{state}* · {who}")]
    why = parts.cut(proposal.why, 500)
    blocks.append(parts.rich(parts.line(parts.run(proposal.tool, bold=True), parts.run(f"  {why}"))))
    if proposal.plan:
        essential = [
            part for part in plan_parts(proposal.plan) if part.label in ("What runs", "Where", "Undo")
        ]
        # Each is cut by itself, so that a long command does not hide where it runs; the modal cuts nothing.
        text = "\n".join(f"{part.label}: {parts.cut(part.text, _ESSENTIAL)}" for part in essential)
        blocks.append(parts.rich(parts.preformatted(text)))
    signed = [s for s in sign_offs if s.signed]
    rejected = [s for s in sign_offs if not s.signed]
    for icon, word, given in ((":pencil2:", "Signed", signed), (":no_entry:", "Rejected", rejected)):
        if given:
            people = ", ".join(f"<@{s.person.user_id}> at {clock(s.at)}" for s in given)
            blocks.append(parts.note(f"{icon} {word} by {people}"))
    if called:
        blocks.append(parts.note(f":bell: Called {_called(called)}"))
    if trouble and proposal.state is ProposalState.PROPOSED:
        blocks.append(parts.status(f":warning: {trouble}"))
    if proposal.reason:
        blocks.append(parts.foreign_note(proposal.reason))
    blocks += _ending(proposal, execution)
    blocks += _choices(proposal, len(signed))
    return blocks


def sign_view(proposal: Proposal) -> Block:
    """The modal that shows everything the digest covers; its submit button signs exactly that."""
    assert proposal.plan is not None
    shown = plan_parts(proposal.plan)
    blocks = [parts.status(f"You sign *{proposal.label}*. This is all of it, and nothing else will run.")]
    for part in shown:
        blocks += part_blocks(part)
    blocks.append(parts.note(f"Digest `{proposal.digest}` · sign before {clock(proposal.sign_by)}"))
    return {
        "type": "modal",
        "callback_id": "sign",
        "title": {"type": "plain_text", "text": f"Sign {proposal.label}"},
        "submit": {"type": "plain_text", "text": "Sign"},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps({"proposal": proposal.id, "digest": proposal.digest}),
        "blocks": blocks,
    }


def told_view(title: str, text: str) -> Block:
    """A modal that says one thing in our own words."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": parts.short(title, parts.TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [parts.status(text)],
    }


def part_blocks(part: Part) -> list[Block]:
    """A label and the whole text, in as many boxes as it takes: never cut."""
    pieces = [part.text[start : start + parts.RICH] for start in range(0, len(part.text), parts.RICH)]
    boxes = [parts.rich(parts.preformatted(piece)) for piece in pieces or [" "]]
    return [parts.status(f"*{part.label}*"), *boxes]


def _icon(proposal: Proposal) -> str:
    """Succeeded says only that it ran; whether it helped is what verification found."""
    if proposal.state is ProposalState.SUCCEEDED:
        return ":white_check_mark:" if proposal.outcome is Outcome.FIXED else ":wrench:"
    return _ICONS[proposal.state]


def _called(called: Sequence[Call]) -> str:
    said = {Why.FIRST: "", Why.NEXT: ", as nobody had answered", Why.REMINDER: " again, as time runs out"}
    lost = " in vain, as Slack cannot reach them"
    shown = [
        f"<@{call.person.user_id}> at {clock(call.at)}{said[call.why] if call.reached else lost}"
        for call in called[:_CALLS]
    ]
    more = len(called) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])


def _ending(proposal: Proposal, execution: Execution | None) -> list[Block]:
    blocks = []
    if execution is not None and execution.ended_at is None and proposal.state is ProposalState.EXECUTING:
        blocks.append(parts.note(f"Runs since {clock(execution.claimed_at)}."))
    if execution is not None and execution.ended_at is not None:
        code = "not known" if execution.exit_code is None else str(execution.exit_code)
        blocks.append(parts.note(f"Ran at {clock(execution.claimed_at)}, exit code {code}."))
        if execution.output.strip():
            blocks.append(parts.rich(parts.preformatted(execution.output, 1500)))
    if proposal.state is ProposalState.UNKNOWN:
        text = ":warning: *It is not known whether it took effect.* It will not be repeated: look first."
        blocks.append(parts.status(text))
    if proposal.state in (ProposalState.SUCCEEDED, ProposalState.FAILED) and proposal.outcome is None:
        blocks.append(parts.note("The check that showed the fault runs again in a moment."))
    if proposal.outcome is not None:
        taken_back = proposal.undo_of is not None and proposal.outcome is Outcome.FIXED
        said = ":leftwards_arrow_with_hook: *taken back*" if taken_back else _OUTCOMES[proposal.outcome]
        blocks.append(parts.status(f"Verification: {said}"))
        before, after = (value or "not read" for value in (proposal.before, proposal.after))
        blocks.append(parts.foreign_note(f"Before: {before} · after: {after}"))
    return blocks


def _choices(proposal: Proposal, signed: int) -> list[Block]:
    value = str(proposal.id)
    if proposal.standing is not None:
        return _standing_choices(proposal, proposal.standing)
    if proposal.state is ProposalState.PROPOSED and proposal.digest:
        missing = proposal.signatures_needed - signed
        left = f"{missing} N3 signature(s) needed before {clock(proposal.sign_by)}; not from who proposed it."
        sign = parts.button("Sign…", "sign_open", value, "primary")
        return [parts.note(left), parts.buttons(sign, parts.button("Reject", "reject", value, "danger"))]
    if proposal.state is ProposalState.SIGNED:
        return [parts.buttons(parts.button("Reject", "reject", value, "danger"))]
    if proposal.helped and proposal.risk is not Risk.DESTRUCTIVE:
        return [parts.buttons(parts.button("Do this by itself next time…", "standing_new", value))]
    return _undo(proposal)


def _standing_choices(proposal: Proposal, standing_id: int) -> list[Block]:
    """N3 can stop this one before it starts, and all that would follow; then the undo, as ever."""
    revoke = parts.button(f"Revoke S{standing_id}…", "standing_revoke", str(standing_id), "danger")
    if not proposal.state.is_over and proposal.state is not ProposalState.EXECUTING:
        return [parts.buttons(parts.button("Reject", "reject", str(proposal.id), "danger"), revoke)]
    return [parts.buttons(revoke), *_undo(proposal)]


def _undo(proposal: Proposal) -> list[Block]:
    value = str(proposal.id)
    undoable = proposal.plan is not None and "tool" in dict(proposal.plan["undo"])  # type: ignore[call-overload]
    unhappy = proposal.outcome not in (None, Outcome.FIXED)
    if undoable and (unhappy or proposal.state is ProposalState.UNKNOWN):
        return [parts.buttons(parts.button("Propose the undo", "undo", value))]
    return []
