"""What the outcomes of past incidents add to votes: calibrated, cited, silent where they know too little."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence import EvidenceKind
from bot.stages.calibrated import LIKELY, TOLD, beside, blended, capped, never_seen, sources_of, to_cite
from bot.stages.diagnose import diagnose_by_similarity
from knowledge.causes.model import NEW_FROM, NOTHING, ONE_SOURCE, Judgement, Likely, Neighbour
from knowledge.model import Passage, SearchResult
from tests.unit.diagnosis.builders import INCIDENT, INVENTORY, TOOLS, alert, check, evidence, past

LEAK = Likely("leak", 0.8, (Neighbour("incidents/E3", "leak", 0.7, 1.0),))
LOCK = Likely("lock", 0.1, (Neighbour("incidents/E2", "lock", 0.3, 1.0),))
SURE = Judgement((LEAK, LOCK), "app/orders", novelty=0.1, trust=0.9)
PIECES = [alert(), past("E2", "lock", 0.9), past("E3", "leak", 0.5)]


def passage(document: str) -> Passage:
    return Passage(f"{document}#1@x", document, "Title", "incident", (), "What happened", "en", "v1")


shares = st.dictionaries(st.sampled_from("abcde"), st.floats(0, 1), min_size=1)


@given(shares, st.data())
def test_confidences_stay_shares_of_one(votes: dict[str, float], data: st.DataObject) -> None:
    """Whatever votes, checks and outcomes say, the sum is at most 1; untrusted outcomes change nothing."""
    total = sum(votes.values()) + 1
    share = {key: vote / total for key, vote in votes.items()}
    factors = {key: data.draw(st.sampled_from((0.25, 1.0, 2.0))) for key in votes}
    told = data.draw(st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 0.16)))
    trust = data.draw(st.floats(0, 1))
    made = blended(share, factors, told, trust)
    assert all(0 <= value <= 1 for value in made.values())
    assert sum(made.values()) <= 1 + 1e-9
    assert blended(share, factors, told, 0.0) == pytest.approx(share)


def test_outcomes_outweigh_resemblance_as_far_as_they_are_trusted() -> None:
    """The cause that such evidence had before comes first, with the component that the evidence names."""
    votes = diagnose_by_similarity(INCIDENT, PIECES, TOOLS, INVENTORY)
    made = diagnose_by_similarity(INCIDENT, PIECES, TOOLS, INVENTORY, SURE)
    unsure = diagnose_by_similarity(INCIDENT, PIECES, TOOLS, INVENTORY, replace(SURE, trust=0.0))
    assert [h.cause for h in votes.hypotheses] == [h.cause for h in unsure.hypotheses] == ["lock", "leak"]
    assert [h.cause for h in made.hypotheses] == ["leak", "lock"]
    assert made.hypotheses[0].confidence > votes.hypotheses[0].confidence
    assert (made.hypotheses[0].component, made.hypotheses[1].component) == ("app/orders", "")
    assert made.hypotheses[0].citations == ("E3",)


def test_a_check_that_refutes_counts_against_outcomes_too() -> None:
    """What is seen now takes a cause down, however often it was right before."""
    refuted = [
        *PIECES[:2],
        past("E3", "leak", 0.5, actions=["restart_worker"]),
        check("E9", "queue_depth", "healthy", 3),
    ]
    before = diagnose_by_similarity(INCIDENT, PIECES, TOOLS, INVENTORY, SURE).hypotheses
    after = diagnose_by_similarity(INCIDENT, refuted, TOOLS, INVENTORY, SURE).hypotheses
    sure = {h.cause: h.confidence for h in before}
    assert all(h.confidence < sure[h.cause] for h in after)


@pytest.mark.parametrize(
    ("novelty", "trust", "said"),
    [(NEW_FROM, TOLD, True), (NEW_FROM - 0.01, 1.0, False), (1.0, TOLD - 0.01, False)],
)
def test_new_is_said_when_it_is_likely_and_known(novelty: float, trust: float, said: bool) -> None:
    """Not on a hunch, and not by a history too short to tell; then as a gap in words."""
    made = diagnose_by_similarity(
        INCIDENT, PIECES, TOOLS, INVENTORY, Judgement((LEAK,), "", novelty=novelty, trust=trust)
    )
    assert any("looks new" in gap for gap in made.gaps) == said
    assert bool(never_seen(Judgement(novelty=novelty, trust=trust))) == said


def test_the_neighbours_of_likely_causes_can_be_cited() -> None:
    """They stand beside what search found, once each, and fit; those of unlikely causes do not."""
    assert LOCK.confidence < LIKELY <= LEAK.confidence
    assert to_cite(SURE) == ["incidents/E3"]
    found = SearchResult((replace(passage("runbooks/a"), score=0.9),), True)
    both = beside(found, SURE, {"incidents/E3": passage("incidents/E3")})
    assert [p.document_id for p in both.passages] == ["runbooks/a", "incidents/E3"]
    assert beside(both, SURE, {"incidents/E3": passage("incidents/E3")}) == both
    unfit = beside(SearchResult(found.passages, False), SURE, {"incidents/E3": passage("incidents/E3")})
    assert (unfit.fits, [p.document_id for p in unfit.passages]) == (True, ["incidents/E3"])
    assert beside(found, NOTHING, {}) is found


def test_a_source_is_a_source_however_often_it_speaks() -> None:
    """All alerts are one, a check is one by its newest output, all logs are one; the past is none."""
    again = check("E4", "queue_depth", "faulty", 140, minutes=5)
    logs = [
        evidence(f"E{n}", EvidenceKind.CHECK, f"log {n}", f"line {n}", tool=f"log{n}", runner="logs")
        for n in (6, 7)
    ]
    pieces = [alert("E1"), alert("E2"), check("E3", "queue_depth", "healthy", 1), again, past("E5", "x")]
    said = sources_of([*pieces, *logs])
    assert len(said) == 3
    assert said[2].endswith("140")
    assert capped(SURE, 1).causes[0].confidence == ONE_SOURCE
    assert capped(SURE, 2) == SURE
