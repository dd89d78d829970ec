"""A question that found nothing is kept without its secrets, for whoever may know that it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.store import Tx
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact, without_private_keys

MOST = 500


def note_missed(tx: Tx, question: str, access: Sequence[str], by: str) -> None:
    """Keep it, or count it with one like it; nothing is kept of a question without a word."""
    text = " ".join(redact(normalise(without_private_keys(question))[0]).text.split())[:MOST]
    if any(letter.isalnum() for letter in text):
        tx.gaps.note(text, access, by)
