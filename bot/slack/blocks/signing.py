"""The modal in which a proposal is signed: all that the digest covers, and what may deceive the eye."""

from __future__ import annotations

import json

from bot.copilot.signing import Opening
from bot.domain.proposal import Proposal
from bot.sign_off.reasons import MIN_REASON
from bot.sign_off.rendering import parts as plan_parts
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import part_blocks
from bot.slack.blocks.times import clock

REASON = "reason"
_MOST_REASON = 500


def sign_view(opening: Opening) -> Block:
    """Its submit button signs exactly what it shows."""
    proposal = opening.proposal
    assert proposal.plan is not None
    blocks = [parts.status(f"You sign *{proposal.label}*. This is all of it, and nothing else will run.")]
    if opening.told:
        blocks.append(parts.status(f"{':warning: ' if opening.is_alone else ''}{parts.escape(opening.told)}"))
    if opening.warnings:
        blocks.append(parts.status(":eyes: *Look closely*: something here may be taken for something else."))
        blocks.append(parts.rich(parts.preformatted("\n".join(opening.warnings))))
    for part in plan_parts(proposal.plan):
        blocks += part_blocks(part)
    blocks.append(parts.note(f"Digest `{proposal.digest}` · sign before {clock(proposal.sign_by)}"))
    if opening.needs_reason:
        blocks.append(reason_input("Why do you sign it?", "It stands on the card and in the audit log."))
    return {
        "type": "modal",
        "callback_id": "sign",
        "title": {"type": "plain_text", "text": f"Sign {proposal.label}"},
        "submit": {"type": "plain_text", "text": "Sign alone" if opening.is_alone else "Sign"},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps(_carried(proposal, opening.is_alone)),
        "blocks": blocks,
    }


def reason_input(label: str, hint: str) -> Block:
    """A field for a reason that must be given."""
    return {
        "type": "input",
        "block_id": REASON,
        "label": {"type": "plain_text", "text": label},
        "hint": {"type": "plain_text", "text": hint},
        "element": {
            "type": "plain_text_input",
            "action_id": "text",
            "multiline": True,
            "min_length": MIN_REASON,
            "max_length": _MOST_REASON,
        },
    }


def waiting_view(title: str) -> Block:
    """What stands there at once, until all of it has been read."""
    return {
        "type": "modal",
        "callback_id": "reading",
        "title": {"type": "plain_text", "text": parts.short(title, parts.TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [parts.status(":hourglass_flowing_sand: Reading it, and who may sign…")],
    }


def refused_view(reason: str) -> Block:
    """The same modal, once it is known that there is nothing to sign."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Not possible"},
        "close": {"type": "plain_text", "text": "Close"},
        # The words of a refusal may quote what a sender or a model wrote.
        "blocks": [parts.foreign(reason)],
    }


def _carried(proposal: Proposal, alone: bool) -> dict[str, object]:
    """What the modal says of itself when it is submitted; all of it is judged again."""
    carried: dict[str, object] = {"proposal": proposal.id, "digest": proposal.digest}
    return carried | {"alone": True} if alone else carried
