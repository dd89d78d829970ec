"""Incidents by hand over a real store: opened, graded and given by people, and never by an alert against
them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.alert import AlertStatus, Severity
from bot.domain.by_hand import MOST_TITLE, NAME, PERSON, Report, Wish
from bot.domain.incident import Incident
from bot.errors import AlreadyDone, Refused, ReportRefused
from bot.stages.timeline import timeline_of
from tests.desk import N3_A, ON_CALL, Desk

REPORT = Report("Checkout is slow", "orders", "test", Severity.WARNING, "Three customers called.")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def opened(desk: Desk, report: Report = REPORT) -> Incident:
    made = desk.copilot.by_hand.open(ON_CALL, report)
    return incident(desk, made.id)


def incident(desk: Desk, number: int) -> Incident:
    with desk.store.read() as tx:
        found = tx.incidents.get(number)
    assert found is not None
    return found


def test_it_is_told_and_investigated_at_once(desk: Desk) -> None:
    """Its card is wanted and its first round begins, whatever would have been held had an alert said it."""
    made = opened(desk, Report("A disk hums", "orders", "test", Severity.INFO))
    assert (made.title, made.severity, made.opened_by, made.held) == (
        "A disk hums",
        Severity.INFO,
        ON_CALL.key,
        False,
    )
    with desk.store.read() as tx:
        assert [one.id for one in tx.incidents.to_investigate()] == [made.id]
        seen = tx.alerts.of_incident(made.id)
    assert [(one.name, one.summary) for one in seen] == [(NAME, "A disk hums")]
    assert [post.key for post in desk.posts("incident:")] == [f"incident:{made.id}"]


def test_the_same_submission_opens_one(desk: Desk) -> None:
    desk.copilot.by_hand.open(ON_CALL, REPORT, "event:1")
    with pytest.raises(AlreadyDone):
        desk.copilot.by_hand.open(ON_CALL, REPORT, "event:1")
    with desk.store.read() as tx:
        assert len(tx.incidents.open_now()) == 1


def test_the_same_words_twice_are_two_incidents(desk: Desk) -> None:
    """Two people may mean two things by the same words; merging is theirs to do."""
    assert opened(desk).id != opened(desk).id


def test_what_fits_it_joins_it_and_does_not_end_it(desk: Desk) -> None:
    """An alert of its service joins; when that is over, the incident is not: a person opened it."""
    made = opened(desk)
    alert = desk.alert("OrdersSlow")
    desk.now += timedelta(minutes=1)
    (decision,) = desk.copilot.alerts.receive([alert])
    assert decision.incident == made.id
    desk.now += timedelta(minutes=1)
    over = desk.alert("OrdersSlow")
    desk.copilot.alerts.receive([replace(over, status=AlertStatus.RESOLVED)])
    desk.now += timedelta(hours=30)
    desk.copilot.alerts.sweep()
    assert incident(desk, made.id).state.is_open


def test_a_graver_alert_breaks_through(desk: Desk) -> None:
    """A critical alert that joins a warning of a person's is told: nothing critical hides behind a report."""
    made = opened(desk)
    desk.now += timedelta(minutes=1)
    (decision,) = desk.copilot.alerts.receive([desk.alert("OrdersDown", Severity.CRITICAL)])
    assert (decision.incident, decision.notifies) == (made.id, True)
    assert incident(desk, made.id).severity is Severity.CRITICAL


def test_nobody_repeats_a_report_and_it_is_not_over_for_that(desk: Desk) -> None:
    made = opened(desk)
    desk.now += timedelta(days=3)
    desk.copilot.alerts.sweep()
    assert incident(desk, made.id).state.is_open


def test_it_is_over_when_a_person_says_so(desk: Desk) -> None:
    """What comes then opens another one."""
    made = opened(desk)
    assert desk.copilot.incidents.resolve(N3_A, made.id)
    desk.now += timedelta(minutes=1)
    (decision,) = desk.copilot.alerts.receive([desk.alert("OrdersSlow")])
    assert decision.incident != made.id


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (Report(" \u200b ", "orders", "test"), "title"),
        (Report("x" * (MOST_TITLE + 1), "orders", "test"), "title"),
        (Report("slow", "o" * 101, "test"), "service"),
        (Report("slow", "orders", "t" * 101), "environment"),
        (Report("slow", "orders", "test", details="y" * 3001), "details"),
    ],
)
def test_what_cannot_be_taken_names_its_field_and_opens_nothing(
    desk: Desk, report: Report, field: str
) -> None:
    with pytest.raises(ReportRefused) as refused:
        desk.copilot.by_hand.open(ON_CALL, report)
    assert refused.value.field == field
    with desk.store.read() as tx:
        assert not tx.incidents.open_now()


def test_a_secret_in_a_report_is_not_stored(desk: Desk) -> None:
    made = opened(desk, Report("slow", "orders", "test", details="password=hunter2hunter2 does not help"))
    with desk.store.read() as tx:
        (seen,) = tx.alerts.of_incident(made.id)
    assert "hunter2" not in seen.description
    assert seen.flags


def test_a_report_is_no_trigger_of_a_standing_sign_off(desk: Desk) -> None:
    """Whatever somebody types, its name is that of every report, and its source no sender's."""
    made = opened(desk, Report("OrdersStuck", "orders", "test"))
    with desk.store.read() as tx:
        assert not tx.standing.deliveries(made.id, "alertmanager", "OrdersStuck", made.opened_at)
        assert tx.standing.deliveries(made.id, PERSON, NAME, made.opened_at)


def test_what_a_person_says_of_its_severity_holds_against_repeats(desk: Desk) -> None:
    """Critical alerts made it critical; a person says warning; the same alerts do not say otherwise again."""
    desk.copilot.alerts.receive([desk.alert("OrdersDown", Severity.CRITICAL)])
    (known,) = _open_now(desk)
    assert "warning" in desk.copilot.by_hand.change(ON_CALL, known.id, Wish(Severity.WARNING))
    for minutes in (1, 30):
        desk.now += timedelta(minutes=minutes)
        desk.copilot.alerts.receive([desk.alert("OrdersDown", Severity.CRITICAL)])
    assert incident(desk, known.id).severity is Severity.WARNING


def test_what_is_graver_than_a_person_knew_raises_it_still(desk: Desk) -> None:
    """A person made a warning an info; a critical alert is more than they judged."""
    desk.copilot.alerts.receive([desk.alert("OrdersSlow", Severity.WARNING)])
    (known,) = _open_now(desk)
    desk.copilot.by_hand.change(ON_CALL, known.id, Wish(Severity.INFO))
    desk.now += timedelta(minutes=1)
    desk.copilot.alerts.receive([desk.alert("OrdersSlow", Severity.WARNING)])
    assert incident(desk, known.id).severity is Severity.INFO
    desk.copilot.alerts.receive([desk.alert("OrdersDown", Severity.CRITICAL)])
    assert incident(desk, known.id).severity is Severity.CRITICAL


def test_a_rise_by_a_person_is_told_in_the_channel_and_a_fall_in_the_thread(desk: Desk) -> None:
    made = opened(desk)
    desk.copilot.by_hand.change(ON_CALL, made.id, Wish(Severity.CRITICAL))
    desk.copilot.by_hand.change(ON_CALL, made.id, Wish(Severity.INFO))
    told = desk.posts(":rated:")
    assert [post.kind for post in told] == ["news", "text"]
    assert all(f"<@{ON_CALL.user_id}>" in str((post.content or {})["text"]) for post in told)


def test_who_is_given_it_and_who_had_it_are_told_directly(desk: Desk) -> None:
    made = opened(desk)
    desk.copilot.incidents.take(N3_A, made.id)
    said = desk.copilot.by_hand.change(N3_A, made.id, Wish(assignee=ON_CALL.key))
    assert incident(desk, made.id).assignee == ON_CALL.key
    assert ON_CALL.user_id in said
    assert [post.channel for post in desk.posts("given:")] == [ON_CALL.user_id]
    desk.copilot.by_hand.change(N3_A, made.id, Wish(assignee=""))
    assert incident(desk, made.id).assignee == ""
    assert [post.channel for post in desk.posts("given:")] == [ON_CALL.user_id] * 2


def test_who_does_it_to_themselves_is_not_written_to(desk: Desk) -> None:
    made = opened(desk)
    desk.copilot.by_hand.change(ON_CALL, made.id, Wish(assignee=ON_CALL.key))
    assert not desk.posts("given:")


def test_nothing_changed_is_said_and_nothing_told(desk: Desk) -> None:
    made = opened(desk)
    said = desk.copilot.by_hand.change(ON_CALL, made.id, Wish(REPORT.severity, ""))
    assert said == f"#{made.id} is as it was."
    assert not desk.posts(":rated:")


def test_what_is_over_or_unknown_or_held_is_not_changed(desk: Desk) -> None:
    made = opened(desk)
    desk.copilot.incidents.resolve(ON_CALL, made.id)
    for number, why in ((made.id, "resolved"), (made.id + 100, "No incident has")):
        with pytest.raises(Refused, match=why):
            desk.copilot.by_hand.change(ON_CALL, number, Wish(Severity.CRITICAL))


def test_a_merge_keeps_what_a_person_said_of_the_severity(desk: Desk) -> None:
    desk.copilot.alerts.receive([desk.alert("OrdersDown", Severity.CRITICAL, "orders")])
    (known,) = _open_now(desk)
    desk.copilot.by_hand.change(ON_CALL, known.id, Wish(Severity.WARNING))
    other = opened(desk, Report("Carts are slow", "carts", "test", Severity.WARNING))
    desk.copilot.regroupings.merge(ON_CALL, other.id, known.id)
    assert incident(desk, known.id).severity is Severity.WARNING


def test_the_timeline_says_who_did_what(desk: Desk) -> None:
    made = opened(desk)
    desk.copilot.by_hand.change(N3_A, made.id, Wish(Severity.CRITICAL, ON_CALL.key))
    with desk.store.read() as tx:
        said = {
            language: [one.text for one in timeline_of(tx, incident(desk, made.id), language)]
            for language in ("en", "fr")
        }
    assert said["en"] == [
        f"{ON_CALL.user_id} opened #{made.id}: Checkout is slow",
        f"#{made.id} is critical now, says {N3_A.user_id}",
        f"{N3_A.user_id} gave #{made.id} to {ON_CALL.user_id}",
    ]
    assert said["fr"][1] == f"#{made.id} passe à critique, dit {N3_A.user_id}"


def _open_now(desk: Desk) -> list[Incident]:
    with desk.store.read() as tx:
        return tx.incidents.open_now()
