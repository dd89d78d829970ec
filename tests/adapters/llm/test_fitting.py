"""The evidence fits its budget of tokens, whatever it is; what is left out or cut is said."""

from __future__ import annotations

import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence import EvidenceKind
from bot.llm.fitting import SHORTENED, fit
from tests.unit.diagnosis.builders import alert, check, evidence, past, runbook

ENCODING = tiktoken.get_encoding("o200k_base")


def tokens(text: str) -> int:
    return len(ENCODING.encode_ordinary(text))


def test_what_fits_is_sent_whole() -> None:
    """Nothing is shortened below the budget."""
    pieces, left = fit([alert(), past("E2", "dead worker"), runbook()], 1500, tokens)
    assert left == 0
    assert [piece.id for piece in pieces] == ["E1", "E2", "E8"]
    assert not any(SHORTENED in piece.text for piece in pieces)


def test_the_longest_is_shortened_and_says_so() -> None:
    """Short pieces stay whole; only the long one is cut, and it uses what they leave."""
    long = evidence("E3", EvidenceKind.PASSAGE, "Long", "the worker did not answer. " * 2000)
    pieces, left = fit([alert(), past("E2", "dead worker"), long], 1500, tokens)
    assert left == 0
    assert [piece.text.endswith(SHORTENED) for piece in pieces] == [False, False, True]
    used = sum(tokens(piece.fenced) for piece in pieces)
    assert 1400 < used <= 1500


def test_a_storm_of_alerts_does_not_crowd_out_what_is_known() -> None:
    """Passages are sent although there are more alerts than could be, and what is left out is counted."""
    storm = [alert(f"E{n}") for n in range(100)]
    pieces, left = fit([*storm, past("E200", "dead worker"), runbook("E201")], 1500, tokens)
    assert {"E200", "E201"} <= {piece.id for piece in pieces}
    assert left == 102 - len(pieces) > 0


def test_typed_facts_are_sent() -> None:
    """The cause of a past incident and the verdict of a check are there although their text lacks them."""
    pieces, _ = fit([check("E1", "queue_depth", "faulty", 140), past("E2", "dead worker")], 1500, tokens)
    assert "verdict: faulty; value: 140 orders" in pieces[0].text
    assert "cause: dead worker; actions: restart_worker" in pieces[1].text


@given(
    st.lists(
        st.one_of(st.text(), st.sampled_from(["x" * 9000, "\n" * 3000, "ﷺ" * 500, "word " * 4000])),
        max_size=30,
    ),
    st.integers(0, 2000),
)
def test_never_above_the_budget(texts: list[str], budget: int) -> None:
    """With every fence counted, the evidence takes at most its budget."""
    found = [evidence(f"E{n}", EvidenceKind.PASSAGE, "Title", text) for n, text in enumerate(texts)]
    pieces, left = fit(found, budget, tokens)
    assert tokens("\n\n".join(piece.fenced for piece in pieces)) <= budget
    assert left + len(pieces) == len(texts)
