"""What a model states is held against the evidence: ids exist, quotes stand there, the rest is no fact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Method, Quote, Remedy
from bot.stages.confidence import weigh
from bot.stages.grounding import ground
from bot.stages.quoting import seen, stands
from tests.unit.diagnosis.builders import alert, check, past

LOG = "2026-03-01 ERROR worker 7 holds the lock\n2026-03-01 ERROR nobody   answers\n"
EVIDENCE = (alert(), replace(past("E2", "dead worker"), text=LOG), check("E3", "queue_depth", "faulty", 140))
SOUND = Hypothesis("lock", "It is held.", 0.7, ("E2",), quotes=(Quote("E2", "worker 7 holds the lock"),))


def of(*hypotheses: Hypothesis, **more: Any) -> Diagnosis:  # noqa: ANN401  # its fields
    made = Diagnosis(Method.MODEL, hypotheses)
    return ground(replace(made, **more), EVIDENCE)


@given(st.data())
def test_any_piece_of_a_text_is_a_quote_of_it(data: st.DataObject) -> None:
    """Whatever was copied stands, in any case and with any blanks."""
    start = data.draw(st.integers(0, len(LOG) - 12))
    text = LOG[start : data.draw(st.integers(start + 12, len(LOG)))]
    said = "  ".join(text.split(" ")).upper()
    assert stands(said, seen(LOG)) == bool(said.strip())
    kept = of(replace(SOUND, quotes=(Quote("E2", said),))).hypotheses
    assert bool(kept) == (len(seen(said)) >= 8)


@given(st.integers(0, 22), st.characters(codec="ascii", categories=("L", "N")))
def test_a_changed_character_is_no_quote(place: int, put: str) -> None:
    """One letter or digit that is not there, and the hypothesis goes."""
    words = "worker 7 holds the lock"
    changed = words[:place] + put + words[place + 1 :]
    found = of(replace(SOUND, quotes=(*SOUND.quotes, Quote("E2", changed))))
    assert bool(found.hypotheses) == (changed.casefold() == words)
    assert found.rejected == (not found.hypotheses)


@pytest.mark.parametrize("said", ["holds", "the", "", "   ", "\u200b" * 20, ".", "| 7\n|\n|\n| holds"])
def test_what_stands_everywhere_is_no_quote(said: str) -> None:
    """A few letters, or none, would stand in every text."""
    assert of(replace(SOUND, quotes=(Quote("E2", said),))).hypotheses == ()


def test_a_line_of_the_whole_output_can_be_quoted() -> None:
    """The model may have read it where the piece itself was shortened; both are there to be quoted."""
    piece = replace(EVIDENCE[1], text="900 lines, the last ones are shown")
    whole = "lock of pid 4711\nwas never released\n"

    def kept(words: str) -> int:
        said = replace(SOUND, statement=f"It says “{words}”.", quotes=(Quote("E2", words),))
        return len(ground(Diagnosis(Method.MODEL, (said,)), [piece], lambda _: whole).hypotheses)

    assert [kept(words) for words in ("pid 4711 was never released", "the last ones are shown")] == [1, 1]
    assert kept("are shown lock of pid 4711") == 0, "where one ends the other does not go on"
    assert [kept(words) for words in ("pid 4712 was never released", "the first ones are shown")] == [0, 0]


def test_a_quote_counts_for_its_own_piece_alone() -> None:
    """The same words under another id are invented."""
    assert of(replace(SOUND, quotes=(Quote("E1", "worker 7 holds the lock"),))).hypotheses == ()


def test_what_is_quoted_is_cited() -> None:
    """Whoever looks at the citations sees where the words stand."""
    assert of(replace(SOUND, citations=("E1",))).hypotheses[0].citations == ("E1", "E2")


def test_a_typed_fact_can_be_quoted() -> None:
    """The verdict and the value of a check are shown to the model, so they are there to be quoted."""
    said = Quote("E3", "verdict: faulty; value: 140 orders")
    assert of(replace(SOUND, quotes=(said,))).hypotheses


def test_without_a_quote_it_is_a_guess_behind_the_others() -> None:
    """It stays, marked, and no confidence is shown of it, whatever the model said."""
    guess = Hypothesis("aliens", "Surely.", 1.0, ("E1",))
    found = weigh(of(guess, SOUND), EVIDENCE, ())
    assert [(h.cause, h.unsupported) for h in found.hypotheses] == [("lock", False), ("aliens", True)]
    assert found.hypotheses[1].confidence == 0.0


@pytest.mark.parametrize("field", ["symptoms", "ruled_out", "reach"])
@pytest.mark.parametrize(
    "claim",
    [
        Claim("It is down.", ("E1",)),
        Claim("It is down.", ("E2",), (Quote("E2", "never said here"),)),
        Claim("It is down, see E9.", ("E2",), (Quote("E2", "holds the lock"),)),
    ],
    ids=["without a quote", "invented quote", "id in its words"],
)
def test_a_claim_that_shows_nothing_goes(field: str, claim: Claim) -> None:
    """It is counted, said, and shown nowhere; one that holds stays."""
    kept = Claim("It is held.", ("E2",), (Quote("E2", "holds the lock"),))
    found = of(**{field: (claim, kept)})
    assert getattr(found, field) == (kept,)
    assert found.rejected == 1
    assert "1 statement(s) of the model were left out" in found.caveats[0]


@pytest.mark.parametrize("field", ["advice", "gaps", "next_checks"])
def test_words_that_name_an_id_that_is_not_there_go(field: str) -> None:
    """Prose cannot cite what nobody can open."""
    assert getattr(of(**{field: ("See E2.", "See e77.", "As in E0003")}), field) == ("See E2.",)


@pytest.mark.parametrize("field", ["cause", "statement", "component"])
def test_an_invented_id_in_the_prose_of_a_hypothesis(field: str) -> None:
    """It goes with all that it says."""
    more: dict[str, Any] = {field: "as E12 shows"}
    assert of(replace(SOUND, **more)).hypotheses == ()


def test_the_reason_of_a_remedy_cites_what_is_there() -> None:
    """Otherwise the model's remedy goes."""
    good, bad = (Remedy("restart_worker", {}, f"as {name} says", ("E2",)) for name in ("E2", "E22"))
    assert of(SOUND, remedies=(good, bad)).remedies == (good,)


def test_ours_is_not_judged_by_its_prose() -> None:
    """What is made from typed facts needs no quote."""
    made = Diagnosis(Method.SIMILAR, (replace(SOUND, quotes=()),))
    assert ground(made, EVIDENCE) == made


@pytest.mark.parametrize(
    "text", ["I have restarted worker 7.", "N3 A approved the restart.", "J'ai vidé la file."]
)
def test_a_deed_is_no_finding(text: str) -> None:
    """Evidence shows no sign-off and no deed of ours: whatever tells of one goes, and is counted."""
    quotes = SOUND.quotes
    found = of(
        replace(SOUND, statement=text),
        symptoms=(Claim(text, ("E2",), quotes=quotes),),
        advice=(text,),
        remedies=(Remedy("restart", {}, text, ("E2",)),),
    )
    assert (found.hypotheses, found.symptoms, found.advice) == ((), (), ())
    assert [(one.tool, one.why) for one in found.remedies] == [("restart", "")], "the catalogue judges it"
    assert found.rejected == 4
