"""A changed catalogue or policy: its card in the channel, and the modal in which N3 signs it."""

from __future__ import annotations

import json

from bot.copilot.changes import Change
from bot.domain.records import Adopted
from bot.sign_off.rendering import Part
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import part_blocks


def card(change: Change) -> list[Block]:
    """What changed in short, and the button to see and sign all of it."""
    what = change.offer.what
    lines = change.difference.splitlines()
    added = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("---") for line in lines)
    much = f"{parts.counted(added, 'line')} added, {removed} removed"
    text = f":memo: *The {what} was changed in its file* ({much})."
    holds = f"*The old one holds* until {change.needed} N3 sign the difference."
    blocks = [parts.status(f"{text} {holds}"), parts.rich(parts.preformatted(change.difference, 1500))]
    if change.offer.by:
        blocks.append(parts.note(f"Signed by {_people(change.offer)}"))
    sign = parts.button("See all and sign…", "change_open", str(change.offer.id), "primary")
    return [*blocks, parts.buttons(sign)]


def settled(offer_id: int) -> list[Block]:
    """A change that does not wait any more."""
    return [parts.status(f":white_check_mark: Change {offer_id} is in force or withdrawn; nothing waits.")]


def sign_view(change: Change) -> Block:
    """The modal with the whole difference."""
    blocks = part_blocks(Part("The difference", change.difference))
    blocks.append(parts.note(f"sha256 of the new content `{change.offer.digest}`"))
    return {
        "type": "modal",
        "callback_id": "change",
        "title": {"type": "plain_text", "text": f"Sign the {change.offer.what}"},
        "submit": {"type": "plain_text", "text": "Sign"},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps({"change": change.offer.id, "digest": change.offer.digest}),
        "blocks": blocks,
    }


def _people(offer: Adopted) -> str:
    return ", ".join(f"<@{key.partition('/')[2]}>" for key in offer.by)
