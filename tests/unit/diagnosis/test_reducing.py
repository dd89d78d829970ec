"""A long output is made short in a way that keeps what matters, and says what it left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.stages.reducing import around, reduced

QUIET = [f"2026-03-01 10:{n // 60:02}:{n % 60:02} GET /orders/{n} 200 in {n} ms" for n in range(2000)]


def test_a_short_text_stays() -> None:
    """Nothing is touched that fits."""
    assert reduced("a\n\nb", 4) == "a\n\nb"


def test_the_one_line_of_trouble_is_kept() -> None:
    """In the middle of thousands that say that all is well."""
    text = "\n".join([*QUIET[:900], "FATAL the lock is held by a dead process", *QUIET[900:]])
    short = reduced(text, 1000, "E4")
    assert "FATAL the lock is held by a dead process" in short
    assert "[× 2000, numbers differ]" in short
    assert f"[shortened from {len(text)} characters; all of it is kept as E4]" in short


@given(st.lists(st.text(max_size=300), max_size=200), st.integers(200, 4000))
def test_it_is_never_much_longer_than_its_bound(lines: list[str], limit: int) -> None:
    """Whatever the text is; the note comes on top."""
    text = "\n".join(lines)
    assert len(reduced(text, limit)) <= max(len(text) if len(text) <= limit else 0, limit + 800)


def test_lines_around_a_word_come_with_their_numbers() -> None:
    """In any case, and what does not fit is counted."""
    assert around("a\nB word\nc", "WORD", 100) == "2: B word"
    assert around("\n".join(QUIET), "get", 200).endswith(" more lines]")
    assert around("a\nb", "zebra", 100) == "[no line of 2 holds it]"
