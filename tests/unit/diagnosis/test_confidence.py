"""How sure a diagnosis is shown: by distinct sources and outcomes, never by its own word or by volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.diagnosis import Diagnosis, Hindsight, Hypothesis, Method, Quote
from bot.domain.evidence import Evidence
from bot.stages.confidence import BY_SOURCES, PAST_ALONE, calibrated, outcome_of, weigh
from tests.unit.diagnosis.builders import alert, check, past


def of_source(source: str, number: int) -> Evidence:
    """One more piece of a source: an alert, a log, a section of a document, another run of a check."""
    name = f"E{number}"
    if source == "alerts":
        return alert(name, text=f"Alert {number}", name=f"Alert{number}")
    if source == "logs":
        piece = check(name, f"log_{number}", "unknown", None)
        return replace(piece, facts=piece.facts | {"runner": "logs"})
    if source == "document":
        return replace(past(name, "dead worker", document="incidents/one"), source=f"one#{number}")
    return check(name, "queue_depth", "faulty", number)


SOURCES = ("alerts", "logs", "document", "check")
shares = st.floats(0, 1)
outcomes = st.lists(
    st.builds(
        Hindsight, st.just(1), st.just(Method.MODEL), st.just("c"), st.just("c"), shares, st.booleans()
    ),
    max_size=30,
)


def sure(
    pieces: Sequence[Evidence], said: float, past: Sequence[Hindsight] = (), against: Sequence[Evidence] = ()
) -> float:
    """The confidence shown of a hypothesis that quotes all pieces."""
    quotes = tuple(Quote(piece.id, "what stands there") for piece in pieces)
    cited = tuple(piece.id for piece in pieces)
    one = Hypothesis("c", "s", said, cited, tuple(piece.id for piece in against), quotes=quotes)
    made = weigh(Diagnosis(Method.MODEL, (one,)), [*pieces, *against], past)
    return made.hypotheses[0].confidence


@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=8), st.data(), shares, outcomes)
def test_more_of_the_same_source_adds_nothing(
    sources: list[str], data: st.DataObject, said: float, past: list[Hindsight]
) -> None:
    """However many alerts, log lines, sections or runs of one check are quoted, it is the same confidence."""
    few = [of_source(source, number) for number, source in enumerate(sources)]
    more = data.draw(st.lists(st.sampled_from(sources), min_size=1, max_size=30))
    many = few + [of_source(source, 100 + number) for number, source in enumerate(more)]
    assert sure(many, said, past) == sure(few, said, past)


@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=4), shares, shares, outcomes)
def test_the_word_of_the_model_only_lowers(
    sources: list[str], one: float, other: float, past: list[Hindsight]
) -> None:
    """It is bounded by the distinct sources, whatever the model says and whatever came of earlier ones."""
    pieces = [of_source(source, number) for number, source in enumerate(sources)]
    bound = BY_SOURCES[len(set(sources))]
    if set(sources) == {"document"}:
        bound = min(bound, PAST_ALONE)
    assert max(sure(pieces, one, past), sure(pieces, other, past)) <= bound
    assert sure(pieces, min(one, other)) <= sure(pieces, max(one, other))


def test_no_evidence_is_no_confidence() -> None:
    """Certain of nothing is nothing."""
    assert sure([], 1.0) == 0.0


def test_each_source_against_it_lowers_it_once() -> None:
    """Two alerts against it are one source; a check against it is another."""
    pieces = [of_source("document", 1), of_source("logs", 2)]
    once = sure(pieces, 1.0, against=[of_source("alerts", 3)])
    assert sure(pieces, 1.0) > once
    assert sure(pieces, 1.0, against=[of_source("alerts", 3), of_source("alerts", 4)]) == once
    assert sure(pieces, 1.0, against=[of_source("alerts", 3), of_source("check", 4)]) < once


def test_outcomes_move_it_and_only_those_alike() -> None:
    """Diagnoses of this kind that turned out wrong lower the next one; others do not touch it."""
    wrong = [Hindsight(n, Method.MODEL, "a", "b", 0.6, is_right=False) for n in range(10)]
    right = [replace(one, is_right=True) for one in wrong]
    assert calibrated(0.6, Method.MODEL, wrong) == pytest.approx(0.3)
    assert calibrated(0.6, Method.MODEL, right) == pytest.approx(0.8)
    assert calibrated(0.6, Method.SIMILAR, wrong) == pytest.approx(0.6)
    assert calibrated(0.2, Method.MODEL, wrong) == pytest.approx(0.2)


def test_an_outcome_is_what_a_person_confirmed() -> None:
    """The words of the confirmed cause stand in the first hypothesis, or it was wrong; a guess is no vote."""
    said = Hypothesis("A stale lock of a dead worker", "s", 0.6, ("E1",), earned=0.65)
    made = Diagnosis(Method.MODEL, (said,))
    right, wrong = outcome_of(7, made, "stale-lock"), outcome_of(7, made, "full-disk")
    assert right is not None
    assert wrong is not None
    assert (right.is_right, right.earned, wrong.is_right) == (True, 0.65, False)
    assert outcome_of(7, made, "") is None
    assert outcome_of(7, replace(made, hypotheses=(replace(said, unsupported=True),)), "stale-lock") is None
