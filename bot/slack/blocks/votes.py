"""Under a passage: was it useful?"""

from __future__ import annotations

from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block


def vote_buttons(number: str, passage_id: str) -> list[Block]:
    """Useful, or not; the number tells the buttons of one message apart."""
    return [
        parts.button("Useful", f"vote_yes:{number}", passage_id),
        parts.button("Not useful", f"vote_no:{number}", passage_id),
    ]
