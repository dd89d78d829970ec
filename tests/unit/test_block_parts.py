"""The pieces of messages: cut honestly, escaped fully, and never too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from tests.slack_limits import faults_of_message
from tests.unit.test_blocks import check_message


def test_very_many_small_blocks_are_cut_at_slack_s_number() -> None:
    """The fiftieth is the note."""
    blocks = [parts.foreign("x")] * 60
    assert parts.within_limits(blocks[:49]) == blocks[:49]
    assert len(check_message(blocks)) == 50


@given(st.lists(st.integers(1, 3000).map(lambda count: parts.foreign("x" * count)), max_size=80))
def test_what_does_not_fit_one_message_is_said(blocks: list[Block]) -> None:
    """The beginning is kept in order, and the note counts what is missing; what fits is left alone."""
    sent = parts.within_limits(blocks)
    if len(sent) == len(blocks) and sent == blocks:
        return
    assert sent[:-1] == blocks[: len(sent) - 1]
    assert f"{len(blocks) - len(sent) + 1} more part(s)" in sent[-1]["elements"][0]["text"]
    assert faults_of_message("", sent) == []


@given(st.integers(1, 3000).map(lambda count: "x" * count) | st.text(max_size=300), st.integers(40, 200))
def test_a_cut_text_says_exactly_how_much_is_missing(text: str, limit: int) -> None:
    """What is shown and what is said to be missing add up to the text."""
    shown = parts.cut(text, limit)
    assert len(shown) <= limit
    if shown != text:
        kept, _, note = shown.rpartition("… [")
        assert text.startswith(kept)
        assert int(note.split()[0]) == len(text) - len(kept)


@given(st.text(), st.integers(1, 80))
def test_a_short_label_is_never_empty_nor_too_long(text: str, limit: int) -> None:
    """Slack refuses both."""
    assert 1 <= len(parts.short(text, limit)) <= limit


@given(st.text(alphabet="<>&!@#|a;lt", max_size=30))
def test_escaped_text_holds_nothing_that_slack_acts_on(text: str) -> None:
    """No bracket is left, and the text can be read back."""
    escaped = parts.escape(text)
    assert not set("<>") & set(escaped)
    assert escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\U000e0041", "\x1b", "\x00", "\u200b", "\u2028", "\ufeff"]
)
def test_a_character_that_deceives_is_marked_wherever_foreign_text_stands(character: str) -> None:
    """What reorders, hides or steers a terminal is seen as a mark, in every kind of piece."""
    text = f"pay{character}load"
    pieces = [parts.foreign(text), parts.foreign_note(text), parts.header(text), parts.preformatted(text)]
    for piece in [*pieces, *parts.prose(text)]:
        told = str(piece)
        assert "pay\ufffdload" in told
        assert character not in told
