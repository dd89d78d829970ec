"""Documents cut into passages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chunking import LIMIT, Sizes, chunk, sizes
from knowledge.model import Document, Passage
from knowledge.ranking import Ranking, fuse
from knowledge.text.tokens import Counter
from knowledge.windows import WIDTH, windows


def words(text: str) -> int:
    """A measure that is easy to reason about: one a word, and one for every 20 characters of a long one."""
    return sum(1 + len(word) // 20 for word in text.split())


SMALL = Sizes(words, target=12, limit=20)
WORD = st.text("abcdefg", min_size=1, max_size=8)
LINE = st.lists(WORD, min_size=1, max_size=9).map(" ".join)
BLOCK = st.one_of(
    LINE,
    LINE.map(lambda text: f"## {text}"),
    st.lists(LINE, min_size=1, max_size=6).map(
        lambda ls: "\n".join(f"{n}. {x}" for n, x in enumerate(ls, 1))
    ),
    st.lists(LINE, min_size=1, max_size=6).map(lambda ls: "\n".join(f"- {x}" for x in ls)),
    st.lists(LINE, min_size=1, max_size=6).map(lambda ls: "```\n" + "\n".join(ls) + "\n```"),
    st.text("abc", min_size=1, max_size=700),
    st.lists(WORD, min_size=30, max_size=60).map(" ".join),
    st.just("```\nnever closed"),
    st.just("| a | b |\n| - | - |\n| 1 | 2 |"),
)
TEXT = st.lists(BLOCK, max_size=12).map("\n\n".join)


@given(TEXT)
def test_no_text_is_lost_or_doubled(text: str) -> None:
    """The passages in order hold every character that is not white space, once."""
    assert "".join("".join(piece.text for piece in chunk(text, SMALL)).split()) == "".join(text.split())


@given(TEXT)
def test_no_passage_exceeds_the_limit(text: str) -> None:
    """Whatever the text, each passage measures at most the limit, and is not empty."""
    for piece in chunk(text, SMALL):
        assert words(piece.text) <= SMALL.limit
        assert piece.text.strip()


@given(TEXT)
def test_the_place_is_where_the_text_stands(text: str) -> None:
    """The lines named hold the passage word for word (part of a line for lines cut in pieces)."""
    lines = text.split("\n")
    for piece in chunk(text, SMALL):
        assert 1 <= piece.first <= piece.last <= len(lines)
        there = "\n".join(lines[piece.first - 1 : piece.last])
        assert piece.text in there or "".join(piece.text.split()) in "".join(there.split())


@given(st.lists(LINE, min_size=2, max_size=5), st.lists(LINE, max_size=4))
def test_steps_that_fit_stay_together(steps: list[str], before: list[str]) -> None:
    """A numbered procedure with its code is in one passage as long as it fits the limit."""
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)) + "\n\n```\nrun it\n```"
    text = (
        "# Title\n\n" + "\n\n".join(before) + "\n\n## Steps\n\n" + numbered + "\n\nAfterwards " + "word " * 30
    )
    if words(numbered) <= SMALL.limit:
        holding = [piece for piece in chunk(text, SMALL) if "1. " in piece.text or "run it" in piece.text]
        assert len(holding) == 1
        assert numbered in holding[0].text


def test_the_heading_path_is_kept() -> None:
    """A passage knows the headings above it; code that looks like a heading is none."""
    fix, undo = "word " * 15, "word " * 10
    text = f"# Stale lock\n\n## Fix\n\n{fix}\n\n### Undo\n\n```\n# no heading\n```\n{undo}"
    assert [piece.heading for piece in chunk(text, SMALL)] == [
        ("Stale lock", "Fix"),
        ("Stale lock", "Fix", "Undo"),
    ]


@pytest.mark.parametrize("text", ["", "\n\n  \n"])
def test_nothing_gives_nothing(text: str) -> None:
    """Blank text has no passages."""
    assert chunk(text, SMALL) == []


def test_without_a_vocabulary_sizes_are_bytes() -> None:
    """The bound does not shred documents: 500 tokens become 2000 bytes."""
    assert sizes(Counter(None)).limit == 4 * LIMIT


@given(TEXT)
def test_windows_are_short_and_hold_every_word(text: str) -> None:
    """What is embedded covers all words of the passage but headings, in windows a model can read whole."""
    passage = Passage("d#1@v", "d", "Stale lock", "runbook", ("Fix",), text, "lines 1-2", "v")
    found = windows(passage)
    assert all(len(window) <= WIDTH * 2 for window in found)
    said = "".join(" ".join(found).split())
    for line in text.split("\n"):
        if not line.lstrip().startswith("#"):
            for word in line.split():
                assert word[:WIDTH] in said or len(word) > 100


def test_the_version_covers_content_and_not_the_source() -> None:
    """Moving a file does not change the version; any word does."""
    one = Document("d", "T", "runbook", "text")
    assert one.version == Document("d", "T", "runbook", "text", source="elsewhere").version
    assert one.version != Document("d", "T", "runbook", "text", cause="lock").version
    assert len(one.version) == 8


def test_fusing_weighs_rankings_alike_whatever_their_scale() -> None:
    """A ranking with large numbers does not drown one with small ones; what is absent counts as told."""
    large = Ranking({"a": 900.0, "b": 100.0, "c": 100.0}, 0.0)
    small = Ranking({"b": 0.9, "a": 0.1, "c": 0.1})
    fused = fuse([large, small], ["a", "b", "c"])
    assert fused["a"] == pytest.approx(fused["b"])
    assert fused["a"] > fused["c"]
