"""The pieces that all messages are made of, held to Slack's limits.

Status is drawn in mrkdwn, from our own words. Foreign text (alerts, documents, models, tools) goes into
plain_text and rich_text elements alone, which Slack shows as they are: no mention or link comes alive.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from knowledge.text.normalising import HIDDEN

Block = dict[str, Any]

SECTION, HEADER, BUTTON, TITLE, RICH, NOTE = 3000, 150, 75, 24, 2800, 1000
MAX_BLOCKS, MAX_MESSAGE, MAX_VIEW_BLOCKS, FALLBACK = 50, 11_500, 100, 500

# What reorders text, hides in it or steers a terminal. Variation selectors and joiners stay: emoji need them.
_DECEIVING = re.compile(
    "|".join([HIDDEN["bidi"].pattern, HIDDEN["tag"].pattern, HIDDEN["control"].pattern])
    + "|[\u200b\u2028\u2029\u2060-\u2064\ufeff]"
)


def visible(text: str) -> str:
    """The text with a mark in place of each character that would deceive the eye; its length is the same."""
    return _DECEIVING.sub("\ufffd", text)


def counted(number: int, word: str) -> str:
    """`1 alert`, `3 alerts`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def cut(text: str, limit: int) -> str:
    """The text, or its beginning with a note that says how much is missing. `limit` is 40 or more."""
    if len(text) <= limit:
        return text
    kept = limit - len(f"… [{len(text)} more characters]")
    return f"{text[:kept]}… [{len(text) - kept} more characters]"


def short(text: str, limit: int) -> str:
    """A label of at most `limit` characters, never empty, as Slack refuses that."""
    return (text if len(text) <= limit else f"{text[: limit - 1]}…") or " "


def plain(text: str, limit: int) -> Block:
    """A label of at most `limit` characters, shown as it is."""
    return _plain(short(text, limit))


def escape(text: str) -> str:
    """Text that can stand in mrkdwn without becoming a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(text: str) -> str:
    """What a notification shows in place of the blocks: short, and inert where Slack reads it."""
    return escape(cut(text, FALLBACK))


def header(text: str) -> Block:
    return {"type": "header", "text": _plain(cut(text or " ", HEADER))}


def status(text: str) -> Block:
    """Our own words, in mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION)}}


def foreign(text: str) -> Block:
    """Foreign text as it is."""
    return {"type": "section", "text": _plain(cut(text or " ", SECTION))}


def status_with(text: str, button: Block) -> Block:
    """The same with a button beside it."""
    return status(text) | {"accessory": button}


def note(text: str) -> Block:
    """A small line of our own words."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, SECTION)}]}


def foreign_note(text: str) -> Block:
    """A small line of foreign text, short enough that many fit one message."""
    return {"type": "context", "elements": [_plain(cut(text or " ", NOTE))]}


def divider() -> Block:
    return {"type": "divider"}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def line(*runs: Block) -> Block:
    """One paragraph of a rich text."""
    return {"type": "rich_text_section", "elements": list(runs)}


def listing(items: Iterable[Sequence[Block]], ordered: bool = False) -> Block:
    """A list of a rich text; each item is a sequence of runs."""
    return {
        "type": "rich_text_list",
        "style": "ordered" if ordered else "bullet",
        "elements": [line(*item) for item in items],
    }


def preformatted(text: str, limit: int = RICH) -> Block:
    """Foreign text in a box of fixed width; no fence that it could close."""
    return {"type": "rich_text_preformatted", "elements": [run(cut(text or " ", limit))]}


def run(text: str, bold: bool = False, code: bool = False) -> Block:
    """A run of text within rich text; never empty, as Slack refuses that."""
    element: Block = {"type": "text", "text": visible(text) or " "}
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    return element | {"style": style} if style else element


def prose(text: str) -> list[Block]:
    """Foreign text as runs, in which what stands between backticks is drawn as code; nothing else is read."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # one backtick too many: it opens nothing
        pieces[-2:] = ["`".join(pieces[-2:])]
    return [run(piece, code=bool(at % 2)) for at, piece in enumerate(pieces) if piece] or [run(" ")]


def modal(
    callback: str, title: str, submit: str, blocks: Sequence[Block], metadata: str = "", close: str = "Cancel"
) -> Block:
    """A form; `metadata` is what it carries, which nobody believes when it comes back."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, TITLE),
        "submit": plain(submit, TITLE),
        "close": plain(close, TITLE),
        "private_metadata": metadata,
        "blocks": list(blocks),
    }


def buttons(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)[:25]}


def button(label: str, action_id: str, value: str, style: str = "") -> Block:
    element: Block = {
        "type": "button",
        "text": _plain(short(label, BUTTON)),
        "action_id": action_id,
        "value": value,
    }
    return element | {"style": style} if style else element


def confirmed(button: Block, title: str, text: str, yes: str) -> Block:
    """The button that asks once more before it is pressed."""
    asked = {"title": _plain(title), "text": _plain(text), "confirm": _plain(yes), "deny": _plain("Not now")}
    return button | {"confirm": asked}


def again(action: object) -> list[Block]:
    """The row with the button that does it again; none where there is nothing to press."""
    if not isinstance(action, Mapping):
        return []
    return [buttons(button("Open it again", str(action["action_id"]), str(action["value"])))]


def within_limits(blocks: Sequence[Block]) -> list[Block]:
    """The blocks that one message can hold; what does not fit is said, and is never an action's argument."""
    kept: list[Block] = []
    size = 0
    for block in blocks:
        size += _size(block)
        if len(kept) >= MAX_BLOCKS - 1 or size > MAX_MESSAGE:
            return [*kept, note(f"_{len(blocks) - len(kept)} more part(s) do not fit one message._")]
        kept.append(block)
    return kept


def within_view(blocks: Sequence[Block]) -> list[Block]:
    """The blocks that one view can hold; what does not fit is said."""
    if len(blocks) <= MAX_VIEW_BLOCKS:
        return list(blocks)
    left_out = len(blocks) - MAX_VIEW_BLOCKS + 1
    return [*blocks[: MAX_VIEW_BLOCKS - 1], note(f"_{left_out} more part(s) do not fit._")]


def _size(value: object) -> int:
    if isinstance(value, dict):
        return sum(_size(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(_size(inner) for inner in value)
    return len(value) if isinstance(value, str) else 0


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": visible(text), "emoji": False}
