"""Drafts: for the person who asked, as a form to edit, and as it was posted."""

from __future__ import annotations

from bot.domain.drafts import Draft, DraftKind
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block

FIELD = 2900
"""Characters of one field of the form; a longer draft has several."""
FIELDS = 4
_NAMES = {
    DraftKind.CATCHUP: "Catch-up",
    DraftKind.UPDATE: "Status update",
    DraftKind.POSTMORTEM: "Postmortem",
}


def headline(draft: Draft) -> str:
    """What a notification says."""
    return f"{_NAMES[draft.kind]} of #{draft.incident_id}"


def for_one(draft: Draft) -> list[Block]:
    """The direct message: the text, how it was made, and the button to edit and post it."""
    name = f"{_NAMES[draft.kind]} of #{draft.incident_id}"
    if draft.posted_at is not None:
        return [parts.status(f":white_check_mark: *{name}* is posted."), *_text(draft.text)]
    blocks = [parts.status(f"*{name}*, a draft. Only you see it until you post it."), parts.note(_how(draft))]
    if draft.note:
        blocks.append(parts.foreign_note(draft.note))
    edit = parts.button("Edit and post", "draft_open", str(draft.id), "primary")
    return [*blocks, *_text(draft.text), parts.buttons(edit)]


def posted(draft: Draft) -> list[Block]:
    """What everybody reads, under the name of who posted it."""
    who = draft.posted_by.partition("/")[2]
    return [parts.status(f"*{_NAMES[draft.kind]} of #{draft.incident_id}* by <@{who}>"), *_text(draft.text)]


def form(draft: Draft, to_channel: bool) -> Block:
    """The form in which all of the text can be changed before it is posted."""
    also = " and in the channel of status updates" if to_channel and draft.kind is DraftKind.UPDATE else ""
    told = f"It is posted in the thread of *#{draft.incident_id}*{also}, under your name."
    fields = []
    pieces = pieces_of(draft.text)
    for number, piece in enumerate(pieces):
        element = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": 3000}
        if piece:
            element["initial_value"] = piece
        label = f"Part {number + 1} of {len(pieces)}" if len(pieces) > 1 else "Text"
        fields.append(
            {
                "type": "input",
                "block_id": f"text:{number}",
                "label": {"type": "plain_text", "text": label},
                "element": element,
                "optional": number > 0,
            }
        )
    return {
        "type": "modal",
        "callback_id": "draft",
        "title": {"type": "plain_text", "text": _NAMES[draft.kind]},
        "submit": {"type": "plain_text", "text": "Post"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "private_metadata": str(draft.id),
        "blocks": [parts.note(told), *fields],
    }


def pieces_of(text: str) -> list[str]:
    """The text in pieces that fit a field each, cut between lines where that is possible."""
    pieces: list[str] = []
    rest = text
    while len(rest) > FIELD and len(pieces) < FIELDS - 1:
        end = rest.rfind("\n", FIELD // 2, FIELD)
        end = end if end > 0 else FIELD
        pieces.append(rest[:end])
        rest = rest[end:].lstrip("\n")
    return [*pieces, parts.cut(rest, FIELD)]


def _how(draft: Draft) -> str:
    return (
        "Written by the model from records, and checked against them" if draft.model else "From records alone"
    )


def _text(text: str) -> list[Block]:
    """Headings bold, all else as it stands; nothing in it comes alive."""
    blocks: list[Block] = []
    lines: list[Block] = []
    size = 0
    for one in text.splitlines():
        bold, words = one.startswith("#"), parts.cut(one.lstrip("# ") if one.startswith("#") else one, 2000)
        if size + len(words) > parts.RICH and lines:
            blocks.append(parts.rich(*lines))
            lines, size = [], 0
        lines.append(parts.line(parts.run(words, bold=bold)))
        size += len(words) + 1
    return [*blocks, *([parts.rich(*lines)] if lines else [])]
