"""The card of a proposal; `signing.py` draws the modal in which it is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.copilot.aftermath import Aftermath
from bot.domain.proposal import Execution, Outcome, Proposal, ProposalState, SignOff
from bot.domain.tool import Risk
from bot.sign_off.calling import Call, Why
from bot.sign_off.rendering import Part, ascii_text
from bot.sign_off.rendering import parts as plan_parts
from bot.slack.blocks import parts, running
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock

_OUTCOMES = {
    Outcome.FIXED: ":white_check_mark: *fixed*",
    Outcome.NOT_FIXED: ":x: *not fixed*",
    Outcome.CANNOT_TELL: ":grey_question: *cannot tell*",
}

_ESSENTIAL, _REASON = 850, 150
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
    known: Aftermath = Aftermath(),  # noqa: B008  # frozen
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
    blocks += _said_why(signed)
    if called:
        blocks.append(parts.note(f":bell: Called {_called(called)}"))
    if trouble and proposal.state is ProposalState.PROPOSED:
        blocks.append(parts.status(f":warning: {trouble}"))
    if proposal.reason:
        blocks.append(parts.foreign_note(proposal.reason))
    blocks += _ending(proposal, execution, known)
    blocks += _choices(proposal, len(signed), execution, known)
    return blocks


def _said_why(signed: Sequence[SignOff]) -> list[Block]:
    """The reasons that were given, and that somebody signed alone."""
    given = "\n".join(parts.cut(s.reason, _REASON) for s in signed[:5] if s.reason)
    blocks = [parts.foreign_note(f"The reason given: {given}")] if given else []
    if any(s.alone for s in signed):
        alone = "*One N3 signed alone*, as nobody else had answered. Others look at it the next day."
        blocks.append(parts.status(f":warning: {alone}"))
    return blocks


def rule_told(proposal: Proposal) -> str:
    """Which rule of the policy holds and whom it asks for, as it is signed; empty where that is not known."""
    policy = proposal.plan.get("policy") if proposal.plan else None
    if not isinstance(policy, Mapping) or "rule" not in policy:
        return ""
    asks = f"Rule *{_own(policy['rule'])}*: {_own(policy['asks'])}"
    if policy.get("reason"):
        asks += ", each with a reason"
    if alone := policy.get("when_alone_s"):
        asks += f"; one alone with a reason, once nobody else has answered for {int(alone) // 60} min"
    return f"{asks}."


def _own(text: object) -> str:
    """Names out of vigie.toml, so that they cannot become a mention or a heading."""
    return parts.escape(ascii_text(str(text)).replace("*", "").replace("`", "'"))


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


def _ending(proposal: Proposal, execution: Execution | None, known: Aftermath) -> list[Block]:
    blocks = []
    if execution is not None and execution.ended_at is None and proposal.state is ProposalState.EXECUTING:
        blocks.append(parts.note(f"Runs since {clock(execution.claimed_at)}."))
    if execution is not None:
        blocks += running.stopped_by(execution)
    if execution is not None and execution.ended_at is not None:
        code = "not known" if execution.exit_code is None else str(execution.exit_code)
        blocks.append(parts.note(f"Ran at {clock(execution.claimed_at)}, exit code {code}."))
        if execution.output.strip() and not known.is_streamed:
            blocks.append(parts.rich(parts.preformatted(execution.output, 1500)))
    if proposal.state is ProposalState.UNKNOWN:
        text = ":warning: *It is not known whether it took effect.* It will not be repeated: look first."
        blocks.append(parts.status(text))
    if execution is not None:
        blocks += running.evidence(proposal, execution, known)
    if proposal.state in (ProposalState.SUCCEEDED, ProposalState.FAILED) and proposal.outcome is None:
        blocks.append(parts.note("The check that showed the fault runs again in a moment."))
    if proposal.outcome is not None:
        taken_back = proposal.undo_of is not None and proposal.outcome is Outcome.FIXED
        said = ":leftwards_arrow_with_hook: *taken back*" if taken_back else _OUTCOMES[proposal.outcome]
        said = ":rotating_light: *worse than before*" if proposal.worse else said
        blocks.append(parts.status(f"Verification: {said}"))
        before, after = (value or "not read" for value in (proposal.before, proposal.after))
        blocks.append(parts.foreign_note(f"Before: {before} · after: {after}"))
    return blocks


def _choices(proposal: Proposal, signed: int, execution: Execution | None, known: Aftermath) -> list[Block]:
    value = str(proposal.id)
    if proposal.standing is not None:
        return _standing_choices(proposal, proposal.standing, execution, known)
    if proposal.state is ProposalState.PROPOSED and proposal.digest:
        missing = proposal.signatures_needed - signed
        left = f"{missing} N3 signature(s) needed before {clock(proposal.sign_by)}; not from who proposed it."
        sign = parts.button("Sign…", "sign_open", value, "primary")
        rule = [parts.note(told)] if (told := rule_told(proposal)) else []
        reject = parts.button("Reject", "reject", value, "danger")
        edit = [] if proposal.undo_of else [parts.button("Edit…", "edit_open", value)]
        return [*rule, parts.note(left), parts.buttons(sign, reject, *edit)]
    if proposal.state is ProposalState.SIGNED:
        return [parts.buttons(parts.button("Reject", "reject", value, "danger"))]
    if proposal.state is ProposalState.EXECUTING:
        return running.stop_button(proposal, execution)
    return _afterwards(proposal, known)


def _standing_choices(
    proposal: Proposal, standing_id: int, execution: Execution | None, known: Aftermath
) -> list[Block]:
    """N3 can stop this one, and all that would follow; then what may be needed, as ever."""
    revoke = parts.button(f"Revoke S{standing_id}…", "standing_revoke", str(standing_id), "danger")
    if proposal.state is ProposalState.EXECUTING:
        return [*running.stop_button(proposal, execution), parts.buttons(revoke)]
    if not proposal.state.is_over:
        return [parts.buttons(parts.button("Reject", "reject", str(proposal.id), "danger"), revoke)]
    return [parts.buttons(revoke), *_afterwards(proposal, known)]


def _afterwards(proposal: Proposal, known: Aftermath) -> list[Block]:
    """What can be done about an action that is over; an undo leads to nothing further by itself."""
    value, choices = str(proposal.id), []
    if proposal.standing is None and proposal.helped and proposal.risk is not Risk.DESTRUCTIVE:
        choices.append(parts.button("Do this by itself next time…", "standing_new", value))
    if proposal.state is ProposalState.UNKNOWN:
        choices += running.settling_buttons(proposal)
    unhappy = proposal.outcome not in (None, Outcome.FIXED) or proposal.state is ProposalState.UNKNOWN
    if proposal.undo_of is None and running.has_undo(proposal) and unhappy and known.undone_by is None:
        choices.append(parts.button("Propose the undo", "undo", value))
    gone = (ProposalState.EXPIRED, ProposalState.FAILED)
    if proposal.undo_of is None and proposal.state in gone and proposal.replaced_by is None:
        choices.append(parts.button("Propose it again", "again", value))
    return [parts.buttons(*choices)] if choices else []
