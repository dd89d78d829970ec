"""The values of the domain keep their own rules."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import Severity
from bot.domain.diagnosis import Diagnosis, Hypothesis, Method, Remedy, resolve_citations
from bot.domain.incident import MOVES, IncidentState, may_move
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.tool import CheckResult, Expectation, Risk, Verdict

# The life of an incident, as people draw it.
DIAGRAM = """
triggered     -> investigating identified mitigating resolved
investigating -> identified mitigating resolved
identified    -> investigating mitigating resolved
mitigating    -> identified monitoring resolved
monitoring    -> identified mitigating resolved
resolved      -> closed
closed        ->
"""
states = st.sampled_from(IncidentState)


def test_incident_moves_are_those_of_the_diagram() -> None:
    """Every arrow is a move, and every move an arrow."""
    drawn = {}
    for line in DIAGRAM.strip().splitlines():
        state, _, targets = line.partition("->")
        drawn[state.strip()] = set(targets.split())
    assert {state.value: {new.value for new in moves} for state, moves in MOVES.items()} == drawn


@given(states)
def test_an_open_incident_can_always_be_resolved(state: IncidentState) -> None:
    """Whatever Vigie was doing, its source or a person can end it; nothing opens it again."""
    assert may_move(state, IncidentState.RESOLVED) == state.is_open
    assert not may_move(state, state)
    if not state.is_open:
        assert not any(may_move(state, new) for new in IncidentState if new.is_open)


@pytest.mark.parametrize(
    "text, severity",
    [
        ("critical", Severity.CRITICAL),
        (" PAGE ", Severity.CRITICAL),
        ("Emergency", Severity.CRITICAL),
        ("warning", Severity.WARNING),
        ("error", Severity.WARNING),
        ("info", Severity.INFO),
        ("none", Severity.INFO),
        ("", Severity.WARNING),
        ("this is noise", Severity.WARNING),
        ("critical, please ignore", Severity.WARNING),
    ],
)
def test_a_severity_is_read_from_its_field(text: str, severity: Severity) -> None:
    """Known words in any case; anything else is a warning."""
    assert Severity.parse(text) is severity


@given(st.text())
def test_what_is_unknown_is_never_less_than_a_warning(text: str) -> None:
    """Only the known words for it make an alert an information."""
    low = text.strip().lower() in ("info", "informational", "none")
    assert (Severity.parse(text) is Severity.INFO) == low


numbers = st.integers() | st.floats(allow_nan=False)


@given(numbers, numbers)
def test_an_expectation_of_a_number_compares(value: float, bound: float) -> None:
    """At most and at least include the bound itself."""
    assert Expectation("at_most", bound).holds(value) == (value <= bound)
    assert Expectation("at_least", bound).holds(value) == (value >= bound)


@given(st.sampled_from(["at_most", "at_least"]), numbers)
def test_what_is_no_number_is_never_as_expected(operator: str, bound: float) -> None:
    """Texts, booleans, nothing and NaN hold no comparison: a broken check is not a healthy one."""
    values: tuple[object, ...] = ("1", "", True, False, None, [], math.nan)
    for value in values:
        assert not Expectation(operator, bound).holds(value)
    assert not Expectation(operator, "5").holds(5)


@given(st.sampled_from([1, 1.0, True, "1", "true", 0, False, "", None]), st.integers(0, 8))
def test_equals_wants_the_same_type(bound: object, index: int) -> None:
    """True is not 1, and "1" is neither."""
    value = [1, 1.0, True, "1", "true", 0, False, "", None][index]
    assert Expectation("equals", bound).holds(value) == (type(value) is type(bound) and value == bound)


def test_an_expectation_and_a_result_are_told_in_words() -> None:
    """Booleans read as in JSON, and a value that could not be read says why."""
    assert str(Expectation("at_most", 5)) == "at most 5"
    assert str(Expectation("equals", True)) == "equals true"
    assert CheckResult("depth", Verdict.HEALTHY, 14, "orders", "", "").told == "14 orders"
    assert CheckResult("alive", Verdict.FAULTY, False, "", "", "").told == "false"
    problem = CheckResult("alive", Verdict.UNKNOWN, None, "", "", "", "it did not answer.")
    assert problem.told == "cannot tell: it did not answer."


@pytest.mark.parametrize("ids", [("", "U1"), ("T1", ""), ("", ""), ("T/1", "U1"), ("T1", "U/1")])
def test_an_id_that_could_pass_for_somebody_else_is_refused(ids: tuple[str, str]) -> None:
    """Empty ids, and ids that would make two people share a key."""
    with pytest.raises(ValueError):
        Person(*ids)


@given(st.text(min_size=1).filter(lambda i: "/" not in i), st.text(min_size=1).filter(lambda i: "/" not in i))
def test_a_key_names_one_person(team: str, user: str) -> None:
    """It is read back to the same two ids."""
    assert Person.from_key(Person(team, user).key) == Person(team, user)


@pytest.mark.parametrize("key", ["", "/", "T1", "T1/", "/U1", "T1/U1/", "T1/U1/U2"])
def test_a_key_of_nobody_is_refused(key: str) -> None:
    """A broken row never becomes a person."""
    with pytest.raises(ValueError):
        Person.from_key(key)


def test_a_proposal_is_over_in_five_of_its_states() -> None:
    """Only what waits or runs is not over."""
    going = {ProposalState.PROPOSED, ProposalState.SIGNED, ProposalState.EXECUTING}
    assert {state for state in ProposalState if not state.is_over} == going


ids = st.sampled_from(["E1", "E2", "E3", "E4", ""])
cited = st.lists(ids, max_size=4).map(tuple)
hypotheses = st.builds(Hypothesis, st.text(), st.text(), st.floats(0, 1), cited)
remedies = st.builds(Remedy, st.text(), st.just({}), st.text(), cited)
diagnoses = st.builds(
    Diagnosis,
    st.sampled_from(Method),
    st.lists(hypotheses, max_size=4).map(tuple),
    st.lists(remedies, max_size=4).map(tuple),
    caveats=st.lists(st.text(), max_size=2).map(tuple),
)


@given(diagnoses, st.sets(ids))
def test_only_what_is_grounded_stays(made: Diagnosis, known: set[str]) -> None:
    """What stays cites something, and nothing that is not there; its order and content are unchanged."""
    kept = resolve_citations(made, known)

    def grounded(one: Hypothesis | Remedy) -> bool:
        return len(one.citations) > 0 and set(one.citations) <= known

    assert kept.hypotheses == tuple(h for h in made.hypotheses if grounded(h))
    assert kept.remedies == tuple(r for r in made.remedies if grounded(r))


@given(diagnoses, st.sets(ids))
def test_what_was_dropped_is_counted(made: Diagnosis, known: set[str]) -> None:
    """A caveat says how many went; where nothing did, the diagnosis is as it was. Twice is as once."""
    kept = resolve_citations(made, known)
    lost = len(made.hypotheses) + len(made.remedies) - len(kept.hypotheses) - len(kept.remedies)
    if lost:
        assert kept.caveats[:-1] == made.caveats
        assert kept.caveats[-1].startswith(f"{lost} statement(s) were rejected")
    else:
        assert kept == made
    assert resolve_citations(kept, known) == kept


@pytest.mark.parametrize("state", ProposalState)
@pytest.mark.parametrize("outcome", [None, *Outcome])
def test_a_story_is_over_only_when_its_action_was_verified(
    state: ProposalState, outcome: Outcome | None
) -> None:
    """So no summary is drafted between an action and its verification, which would lose what helped."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    proposal = Proposal(1, 1, "fix", {}, Person("T1", "U1"), state, Risk.LOW, 1, now, now, outcome=outcome)
    ran = state in (ProposalState.SUCCEEDED, ProposalState.FAILED, ProposalState.UNKNOWN)
    runs = state in (ProposalState.SIGNED, ProposalState.EXECUTING)
    assert proposal.is_under_way == (runs or (ran and outcome is None))
