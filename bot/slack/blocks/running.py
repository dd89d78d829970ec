"""An action while it runs and after: output, Stop, what is known where nobody saw the end, the freeze."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bot.copilot.aftermath import Aftermath
from bot.domain.person import Person
from bot.domain.proposal import Execution, Proposal, ProposalState
from bot.sign_off.reasons import MIN_REASON
from bot.sign_off.rendering import ascii_text, call_text
from bot.slack.blocks import inputs, parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.times import clock

# Three boxes of it: enough to follow, well within a message; the whole of a long one is a file.
_BOXES = 3
SHOWN = _BOXES * parts.RICH
_WORDS = 1500


def output(proposal: Proposal, execution: Execution, text: str) -> list[Block]:
    """What it prints, its newest part where it is long; with the button to stop it while it runs."""
    is_over = proposal.state is not ProposalState.EXECUTING
    head = "printed" if is_over else f"runs since {clock(execution.claimed_at)} and prints"
    blocks = [parts.status(f":gear: *{proposal.label}* {head}")]
    left_out = len(text) - SHOWN
    if left_out > 0:
        where = "all of it is a file in this thread" if is_over else "all of it is kept"
        blocks.append(parts.note(f"{left_out} earlier characters are not shown here; {where}."))
    shown = text[-SHOWN:]
    pieces = [shown[start : start + parts.RICH] for start in range(0, len(shown), parts.RICH)]
    blocks += [parts.rich(parts.preformatted(piece)) for piece in pieces]
    return [*blocks, *stopped_by(execution), *([] if is_over else stop_button(proposal, execution))]


def piece_id(proposal_id: int, number: int) -> str:
    """The id of the block that brings a streamed output as far as its piece of that number."""
    return f"output:{proposal_id}:{number}"


def stream_head(proposal: Proposal, execution: Execution) -> list[Block]:
    """What a streamed output begins with: what runs, and the button to stop it."""
    own = f":gear: *{proposal.label}* runs since {clock(execution.claimed_at)} and prints"
    head = parts.status(own) | {"block_id": piece_id(proposal.id, 0)}
    return [head, *stop_button(proposal, execution)]


def stream_piece(proposal: Proposal, number: int, text: str) -> list[Block]:
    """One more piece of it, as far as the piece of that number."""
    boxes = [text[start : start + parts.RICH] for start in range(0, len(text), parts.RICH)]
    blocks = [parts.rich(parts.preformatted(box)) for box in boxes]
    blocks[-1] |= {"block_id": piece_id(proposal.id, number)}
    return blocks


def stop_button(proposal: Proposal, execution: Execution | None) -> list[Block]:
    """Ends it at once; gone as soon as somebody has pressed it."""
    if execution is None or execution.stop_by or execution.ended_at is not None:
        return []
    return [parts.buttons(parts.button("Stop", "stop", str(proposal.id), "danger"))]


def stopped_by(execution: Execution) -> list[Block]:
    """Who wanted it stopped."""
    if not execution.stop_by or execution.stop_at is None:
        return []
    who = f"<@{Person.from_key(execution.stop_by).user_id}>"
    word = "Stopped" if execution.ended_at else "Being stopped"
    return [parts.status(f":raised_hand: *{word}* by {who} at {clock(execution.stop_at)}")]


def evidence(proposal: Proposal, execution: Execution, known: Aftermath) -> list[Block]:
    """The intent, the output so far, the check read again, and what was said of it by whom."""
    blocks = []
    if proposal.state is ProposalState.UNKNOWN:
        fence = execution.fence[:8]
        blocks.append(parts.note(f"It was claimed at {clock(execution.claimed_at)} under `{fence}`."))
        if known.output.strip() and execution.ended_at is None and not known.is_streamed:
            blocks.append(parts.note("What it printed before it was lost:"))
            blocks.append(parts.rich(parts.preformatted(known.output, _WORDS)))
    if known.look is not None:
        blocks += _look(known)
    said = known.settlement
    if said is not None:
        what = "*took effect*" if said.took_effect else "*did not take effect*"
        who = f"<@{said.person.user_id}> at {clock(said.at)}"
        blocks += [parts.status(f":memo: It {what}, says {who}"), parts.foreign_note(said.reason)]
    return blocks


def settling_buttons(proposal: Proposal) -> list[Block]:
    """N3 settles it; anybody may have the check read again."""
    value = str(proposal.id)
    return [
        parts.button("It took effect…", "settle_open:yes", value),
        parts.button("It did not…", "settle_open:no", value),
        parts.button("Read the check again", "look_again", value),
    ]


def settle_view(
    proposal: Proposal, execution: Execution | None, known: Aftermath, took_effect: bool
) -> Block:
    """The modal in which N3 says how it ended, with the evidence at hand and a reason."""
    what = "took effect" if took_effect else "did *not* take effect"
    blocks = [parts.status(f"You say that *{proposal.label}* {what}. It was not seen to end.")]
    if proposal.plan:
        blocks.append(parts.rich(parts.preformatted(parts.cut(call_text(proposal.plan["call"]), _WORDS))))
    if execution is not None:
        blocks += evidence(proposal, execution, known)
    then = "The check is read again then" + ("." if took_effect else ", and it can be proposed again.")
    blocks += [
        parts.foreign_note(
            f"Before: {proposal.before or 'not read'} · after: {proposal.after or 'not read'}"
        ),
        parts.note(then),
        inputs.text("reason", "What did you see?", MIN_REASON, 1000, multiline=True),
    ]
    return {
        "type": "modal",
        "callback_id": "settle",
        "title": {"type": "plain_text", "text": f"Settle {proposal.label}"},
        "submit": {"type": "plain_text", "text": "It took effect" if took_effect else "It did not"},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps({"proposal": proposal.id, "took_effect": took_effect}),
        "blocks": blocks,
    }


def worse(proposal: Proposal, known: Aftermath) -> list[Block]:
    """It is worse than before: the undo that was signed with it, its digest, and the button for it."""
    who = f"<@{proposal.proposer.user_id}>"
    blocks = [
        parts.status(f":rotating_light: *{proposal.label} made it worse*, {who}: the check says so."),
        parts.foreign_note(f"Before: {proposal.before} · after: {proposal.after}"),
    ]
    undo = proposal.plan["undo"] if proposal.plan else {}
    if not isinstance(undo, Mapping) or "tool" not in undo:
        none = undo.get("none", "") if isinstance(undo, Mapping) else ""
        return [*blocks, parts.foreign_note(f"It has no undo: {none}")]
    text = ascii_text(f"{undo['tool']}: ") + call_text(undo["call"])
    blocks += [
        parts.rich(parts.preformatted(parts.cut(text, _WORDS))),
        parts.note(f"This undo was shown and signed with it, under digest `{proposal.digest}`."),
    ]
    if known.undone_by is not None:
        return [*blocks, parts.status(f"It is proposed as *P{known.undone_by}*.")]
    return [*blocks, parts.buttons(parts.button("Propose the undo", "undo", str(proposal.id), "primary"))]


def has_undo(proposal: Proposal) -> bool:
    """Whether an undo was signed with it."""
    undo = proposal.plan["undo"] if proposal.plan else {}
    return isinstance(undo, Mapping) and "tool" in undo


def frozen(
    by: str, reason: str, under_way: Sequence[tuple[Proposal, Execution | None]], is_frozen: bool
) -> list[Block]:
    """Who froze execution and why; what still runs is listed, each with its button. `by` is our own text."""
    if not is_frozen:
        lifted = f":unlock: The freeze by {by} was lifted."
        return [parts.status(lifted), *([parts.foreign_note(reason)] if reason else [])]
    blocks = [parts.status(f":lock: *Execution is frozen* by {by}. Nothing new is started.")]
    blocks += [parts.foreign_note(reason)] if reason else []
    blocks += still_running(under_way)
    lift = parts.button("Lift the freeze", "unfreeze", "all")
    return [*blocks, parts.note("N3 lifts it, here or with `/vigie unfreeze`."), parts.buttons(lift)]


_LISTED = 12


def still_running(under_way: Sequence[tuple[Proposal, Execution | None]]) -> list[Block]:
    """Every action that runs, each with its button; a freeze stops none of them by itself."""
    if not under_way:
        return [parts.note("No action runs.")]
    blocks = [parts.status(f"*Still running* ({len(under_way)}): a freeze does not stop these.")]
    for proposal, execution in under_way[:_LISTED]:
        since = f" since {clock(execution.claimed_at)}" if execution else ""
        text = f"*{proposal.label}* for #{proposal.incident_id}{since}"
        if execution is None or execution.stop_by:
            blocks.append(parts.status(f"{text} · being stopped"))
        else:
            stop = parts.button("Stop", "stop", str(proposal.id), "danger")
            blocks.append(parts.status_with(text, stop))
    left_out = len(under_way) - _LISTED
    return [*blocks, *([parts.note(f"and {left_out} more")] if left_out > 0 else [])]


def freeze_button() -> Block:
    """Anybody may stop everything new; it asks once, as others notice."""
    button = parts.button("Freeze", "freeze", "all", "danger")
    text = "Nothing new is executed until N3 lifts it. What runs goes on."
    return parts.confirmed(button, "Freeze execution?", text, "Freeze")


def _look(known: Aftermath) -> list[Block]:
    assert known.look is not None
    who = f"<@{Person.from_key(known.look.asked_by).user_id}>"
    if known.look.at is None:
        return [parts.note(f":eyes: The check is being read again for {who}.")]
    head = f":eyes: The check, read again at {clock(known.look.at)} for {who}: *{known.look.verdict}*"
    return [parts.note(head), parts.foreign_note(known.look.told)]
