"""What a model was shown can be quoted, every piece of it; what differs in one letter cannot."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.stages.quoting import quoted, seen, stands
from prompts.fencing import fence

PIECES = st.sampled_from(
    [
        *("worker 7", "<module>", "<|im_start|>", "[INST]", "<", "[", "|", "\n", "\r\n", "\x1c", " ", "\t"),
        *("**bold**", "`code`", "…", "é", "e\u0301", "ﬁ", "１２", "ẞ", ">", "# ", "a_b", "‹"),
        *("\u200b", "\u202e", "<\u200bb"),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=30).map("".join)


@given(TEXTS, st.data())
def test_any_piece_of_what_is_shown_stands(text: str, data: st.DataObject) -> None:
    """Copied out of the fence, over lines and their marks, in any case, whatever hides in the text."""
    shown = "\n".join(fence(text, "E1").splitlines()[1:-1])
    start = data.draw(st.integers(0, len(shown) - 1))
    words = shown[start : data.draw(st.integers(start + 1, len(shown)))]
    assume(any(map(str.isalnum, words)))
    assert stands(words, seen(text))


@given(
    st.lists(st.sampled_from(["lock", "holds", "7", "<a>", "**so**", "`x`"]), min_size=3, max_size=12),
    st.data(),
)
def test_one_other_letter_is_invented(words: list[str], data: st.DataObject) -> None:
    """Put, taken away or changed: what is not there stands nowhere."""
    text = " ".join(words)
    place = data.draw(st.integers(0, len(text) - 1))
    assert not stands(f"{text[:place]}q{text[place + 1 :]}", seen(text))
    assert not stands(f"{text[:place]}q{text[place:]}", seen(text))


@pytest.mark.parametrize(
    ("words", "text", "does"),
    [
        ("take the lock", "**take** the `lock`", True),
        ("**take** the lock", "**take** the `lock`", False),
        ("**take** the `lock`", "take the lock", False),
        ("value 100", "value > 100", False),
        ("value > 100", "value 100", False),
        ("rm data", "rm *.log data", False),
        ("x = ptr", "x = *ptr", False),
        ("2 3", "2*3", False),
        ("worker 7", "worker_7", False),
        ("worker7", "worker_7", False),
        ("lock held", "lock was held", False),
        ("", "anything", False),
        ("\u200b| ", "anything", False),
    ],
)
def test_marks_may_be_left_out_and_nothing_else(words: str, text: str, does: bool) -> None:
    """Those in pairs around words, and only those of the text."""
    assert stands(words, seen(text)) == does


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("He says “it is full.”", [("it is full",)]),
        ("“it is … still full”", [("it is", "still full")]),
        ('"it is [...] full" and «  du disque  »', [("it is", "full"), ("du disque",)]),
        ('“in "worker.py" here”', [('in "worker.py" here',), ("in",), ("here",)]),
        ('“odd" here', [("odd",)]),
        ("„odd” here", [("odd",)]),
        ("«odd“ here", [("odd",)]),
        ("＂wide＂ here", [("wide",)]),
        ("“…” “” no quote", []),
        ("“over\n| lines”", [("over lines",)]),
    ],
)
def test_what_stands_between_marks_is_a_quote(words: str, parts: list[tuple[str, ...]]) -> None:
    """Of any kind of mark, also where opening and closing do not fit; what was left out parts it."""
    assert sorted(set(quoted(words))) == sorted(set(parts))
