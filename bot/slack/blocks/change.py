"""A changed catalogue or policy: its card in the channel, and the modals in which N3 signs or rejects it."""

from __future__ import annotations

import hashlib
import json

from bot.copilot.changes import Change
from bot.domain.person import Person
from bot.domain.records import Adopted
from bot.sign_off.difference import can_be_shown, summary
from bot.sign_off.rendering import Part
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.blocks.proposal import part_blocks
from bot.slack.blocks.signing import reason_input

_ON_CARD, _IN_VIEW = 15, 60


def card(change: Change) -> list[Block]:
    """What changed in short, tool by tool, and the buttons to see and sign all of it, or to reject it."""
    what = change.offer.what
    lines = change.difference.splitlines()
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    much = f"{parts.counted(added, 'line')} added, {removed} removed"
    text = f":memo: *The {what} was changed in its file* ({much})."
    holds = f"*The old one holds* until {change.needed} N3 sign the difference."
    blocks = [
        parts.status(f"{text} {holds}"),
        parts.rich(parts.preformatted(_listed(change, _ON_CARD))),
        parts.rich(parts.preformatted(change.difference, 1500)),
    ]
    if change.offer.by:
        blocks.append(parts.note(f"Signed by {_people(change.offer)}"))
    number = str(change.offer.id)
    sign = parts.button("See all and sign…", "change_open", number, "primary")
    return [*blocks, parts.buttons(sign, parts.button("Reject…", "change_reject", number, "danger"))]


def settled(number: int, offer: Adopted | None, rejected_by: str = "", reason: str = "") -> list[Block]:
    """A change that does not wait any more, and what became of it."""
    if offer is None:
        return [parts.status(f":grey_question: Change {number} is not known any more; nothing waits.")]
    name = f"Change {number} of the {offer.what}"
    if offer.state == "rejected":
        who = f" by <@{Person.from_key(rejected_by).user_id}>" if rejected_by else ""
        again = "To offer it again, change the file; a comment is enough."
        blocks = [parts.status(f":no_entry: *{name} was rejected*{who}. The old one holds. {again}")]
        return [*blocks, *([parts.foreign_note(f"The reason given: {reason}")] if reason else [])]
    if offer.state == "withdrawn":
        text = "was withdrawn, as its file was changed again. Look at the newer one."
        return [parts.status(f":leftwards_arrow_with_hook: {name} {text}")]
    signed = f", signed by {_people(offer)}" if offer.by else ""
    return [parts.status(f":white_check_mark: *{name} is in force*{signed}.")]


def sign_view(change: Change, file: str = "") -> Block:
    """The modal with the whole difference, or with `file`, by which name all of it was shared."""
    if can_be_shown(change.difference):
        blocks = part_blocks(Part("The difference", change.difference))
    else:
        sha256 = hashlib.sha256(change.difference.encode()).hexdigest()
        text = f":memo: *Too long for this form.* All of it is `{file}`, sent to you just now."
        blocks = [
            parts.status(f"{text} Read that before you sign."),
            *part_blocks(Part("What changes", _listed(change, _IN_VIEW))),
            parts.note(f"sha256 of the file `{sha256}`"),
        ]
    blocks.append(parts.note(f"sha256 of the new content `{change.offer.digest}`"))
    return _view(change, "change", f"Sign the {change.offer.what}", "Sign", blocks)


def reject_view(change: Change) -> Block:
    """The modal that asks why."""
    text = f"*The old {change.offer.what} holds*, and this one is not offered again. One of N3 is enough."
    blocks = [
        parts.status(text),
        parts.rich(parts.preformatted(_listed(change, _ON_CARD))),
        reason_input("Why is it rejected?", "Whoever changed the file reads it on the card."),
    ]
    return _view(change, "change_reject", "Reject the change", "Reject", blocks)


def _view(change: Change, callback: str, title: str, submit: str, blocks: list[Block]) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": {"type": "plain_text", "text": parts.short(title, parts.TITLE)},
        "submit": {"type": "plain_text", "text": submit},
        "close": {"type": "plain_text", "text": "Not now"},
        "private_metadata": json.dumps({"change": change.offer.id, "digest": change.offer.digest}),
        "blocks": blocks,
    }


def _listed(change: Change, most: int) -> str:
    """The sections that change, a line each."""
    found = summary(change.difference)
    more = [f"and {len(found) - most} more"] if len(found) > most else []
    return parts.cut("\n".join([*found[:most], *more]) or "nothing but its form", parts.RICH)


def _people(offer: Adopted) -> str:
    return ", ".join(f"<@{key.partition('/')[2]}>" for key in offer.by)
