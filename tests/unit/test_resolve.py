"""The draft of what was learned, and the cause that may be recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.alert import AlertStatus, Severity
from bot.domain.diagnosis import Diagnosis, Hypothesis, Method, Remedy
from bot.domain.incident import Incident, IncidentState
from bot.domain.person import Person
from bot.domain.proposal import Outcome, Proposal, ProposalState
from bot.domain.records import SeenAlert
from bot.domain.tool import Risk
from bot.stages.resolve import cause_of, draft

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
INCIDENT = Incident(
    1, "t", "orders", "test", Severity.CRITICAL, IncidentState.RESOLVED, NOW, NOW, NOW, "", "source"
)
DIAGNOSIS = Diagnosis(
    Method.SIMILAR,
    hypotheses=(Hypothesis("first", "", 0.6, ("E1",)), Hypothesis("second", "", 0.3, ("E2",))),
    remedies=(Remedy("one", {}, "", ("E1",)), Remedy("two", {}, "", ("E2",))),
)


def _proposal(tool: str, outcome: Outcome | None, undo_of: int | None = None) -> Proposal:
    person, by = Person("T1", "U1"), NOW + timedelta(hours=1)
    return Proposal(
        1,
        1,
        tool,
        {},
        person,
        ProposalState.SUCCEEDED,
        Risk.LOW,
        1,
        NOW,
        by,
        before="x" * 900,
        after="y" * 900,
        outcome=outcome,
        undo_of=undo_of,
    )


def test_the_cause_is_the_one_whose_remedy_was_verified() -> None:
    """The remedy of the second hypothesis fixed it: the first, likelier one is not what is recorded."""
    assert cause_of(DIAGNOSIS, [_proposal("two", Outcome.FIXED)]) == "second"
    assert cause_of(DIAGNOSIS, [_proposal("one", Outcome.FIXED)]) == "first"


def test_nothing_verified_records_no_cause() -> None:
    """An action that did not help, or was never verified, proves no cause."""
    assert cause_of(DIAGNOSIS, [_proposal("one", Outcome.NOT_FIXED), _proposal("two", None)]) == ""
    assert cause_of(None, [_proposal("one", Outcome.FIXED)]) == ""


def test_taking_back_is_not_helping() -> None:
    """An undo that did what it should stands under what did not help, and proves no cause."""
    undone = _proposal("one", Outcome.FIXED, undo_of=1)
    assert cause_of(DIAGNOSIS, [undone]) == ""
    assert "no action of Vigie" in draft(INCIDENT, [], DIAGNOSIS, [undone])


def test_a_draft_always_fits_the_field_in_which_it_is_edited() -> None:
    """Twenty alerts of 4,000 characters and many proposals still give less than Slack's 3,000."""
    seen = SeenAlert(1, "A" * 400, Severity.CRITICAL, AlertStatus.FIRING, "s" * 4000, "d", {}, {}, (), NOW, 3)
    tried = [_proposal("t" * 48, outcome) for outcome in (*[Outcome.FIXED] * 9, *[Outcome.NOT_FIXED] * 9)]
    assert len(draft(INCIDENT, [seen] * 20, DIAGNOSIS, tried)) < 3000
