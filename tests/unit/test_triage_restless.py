"""What flaps, what falls silent and what is too much: damped and bounded, and nothing critical is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.alert import OWN, Alert, AlertStatus, Kind, Severity
from bot.triage.rehearsal import Outcome, Rehearsal
from bot.triage.rules import Rules

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def alert(
    at: datetime, name: str = "A", severity: Severity = Severity.CRITICAL, service: str = "db"
) -> Alert:
    labels = {"alertname": name, "service": service}
    return Alert("s", name, AlertStatus.FIRING, severity, service, "", at, labels=labels)


def over(one: Alert) -> Alert:
    return replace(one, status=AlertStatus.RESOLVED)


def flapped(rehearsal: Rehearsal, times: int, fires: timedelta, rests: timedelta) -> list[Outcome]:
    """It begins and ends so often, from START on."""
    began = []
    for number in range(times):
        at = START + number * (fires + rests)
        began.append(rehearsal.receive(alert(at), at))
        rehearsal.receive(over(alert(at)), at + fires)
    return began


@given(st.integers(1, 4), st.integers(1, 4), st.integers(4, 40))
def test_a_critical_alert_that_flaps_is_told_thrice_and_then_every_half_hour(
    fires: int, rests: int, times: int
) -> None:
    """O4: one trouble is three incidents at most, as it flaps from the third on, however often it begins."""
    began = flapped(Rehearsal(), times, fires * MINUTE, rests * MINUTE)
    lasted = times * (fires + rests)
    assert began[0].told_at == START, "the first is told at once"
    assert sum(one.told_at is not None for one in began) <= 3 + lasted / 30
    assert len({one.incident for one in began}) <= 3


def test_each_beginning_within_the_hour_is_counted() -> None:
    began = flapped(Rehearsal(), 20, MINUTE, MINUTE)
    assert "It began 20 times within the hour." in began[-1].decision.reason


def test_what_flapped_and_stays_is_told() -> None:
    """A critical alert that people know to flap does not end this time: they are told within ten minutes."""
    rehearsal = Rehearsal()
    began = flapped(rehearsal, 5, MINUTE, MINUTE)
    assert began[-1].told_at is None
    at = START + 10 * MINUTE
    stays = rehearsal.receive(alert(at), at)
    assert (stays.told_at, bool(stays.decision.hold_until)) == (None, True)
    rehearsal.pass_time(at + 20 * MINUTE)
    assert stays.told_at is not None and stays.told_at - at <= 10 * MINUTE


def test_another_unit_is_told_while_one_flaps() -> None:
    """What flaps is one series: the same alert of another pod is a trouble of its own."""
    rehearsal = Rehearsal()
    flapped(rehearsal, 6, MINUTE, MINUTE)
    at = START + 12 * MINUTE
    other = replace(alert(at), labels={"alertname": "A", "service": "db", "pod": "db-1"})
    assert rehearsal.receive(other, at).told_at == at


@pytest.mark.parametrize("source", ["alertmanager", "pagerduty"])
def test_a_critical_alert_is_not_over_because_others_are_repeated_more_often(source: str) -> None:
    """One alert is sent again every five minutes, another only when it changes: both fire on."""
    rehearsal = Rehearsal()
    quiet = replace(alert(START, "DbDown"), source=source)
    first = rehearsal.receive(quiet, START)
    for number in range(300):
        at = START + number * 5 * MINUTE
        rehearsal.receive(replace(alert(START, "Noisy", Severity.WARNING, "web"), source=source), at)
    again = rehearsal.receive(quiet, START + 26 * HOUR)
    assert (again.decision.kind, again.incident) == (Kind.DUPLICATE, first.incident)


@pytest.mark.parametrize("hours", [4, 12, 24])
def test_what_is_repeated_once_a_day_is_one_firing(hours: int) -> None:
    """Senders may be set to repeat as seldom as that; the beginning that they name is the same."""
    rehearsal = Rehearsal()
    for number in range(4):
        at = START + number * hours * HOUR
        outcome = rehearsal.receive(alert(START, severity=Severity.WARNING), at)
        assert outcome.incident == 1
    assert rehearsal.opened == 1


def test_what_is_not_critical_counts_as_over_after_a_day_of_silence() -> None:
    """And what is critical does not: a wrong end would hide it."""
    for severity, is_open in ((Severity.WARNING, False), (Severity.CRITICAL, True)):
        rehearsal = Rehearsal()
        rehearsal.receive(alert(START, severity=severity), START)
        rehearsal.pass_time(START + 25 * HOUR)
        assert rehearsal.memory.groups
        rehearsal.pass_time(START + 240 * HOUR)
        assert bool(rehearsal.memory.groups) is is_open


def test_the_overflow_is_told_once_a_minute_and_vigie_s_own_alarms_stand_apart() -> None:
    """J7: more critical troubles than anybody reads are counted; that the alert path is broken is seen."""
    rehearsal = Rehearsal(Rules(most_incidents=5))
    outcomes = [
        rehearsal.receive(alert(at, f"N{number}", service=f"x{number}"), at)
        for number in range(120)
        for at in (START + number * timedelta(seconds=5),)
    ]
    overflow = [one for one in outcomes if one.decision.step == "overflow"]
    assert len({one.incident for one in overflow}) == 1
    assert sum(one.told_at is not None for one in overflow) <= 11
    at = START + 11 * MINUTE
    own = rehearsal.receive(replace(alert(at, "AlertPathBroken", service="vigie"), source=OWN), at)
    assert own.told_at == at and own.incident not in {one.incident for one in overflow}
