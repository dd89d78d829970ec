"""Heartbeats of senders: when one counts as gone is a pure question of times; what follows is rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.copilot.alerts import Alerts
from bot.copilot.heartbeats import Heartbeats
from bot.domain.alert import Alert, AlertStatus, Kind, Severity
from bot.domain.incident import Incident, IncidentState
from bot.domain.senders import BeatRule, SeenBeat, absence
from bot.store.database import Store, sqlite_url
from bot.triage.decide import Rules

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RULE = BeatRule(timedelta(minutes=5), timedelta(minutes=2))
LEARNED = BeatRule(timedelta(), timedelta(minutes=2))
LONG_AGO = NOW - timedelta(days=9)
BEAT = SeenBeat("f" * 32, "Watchdog", "alertmanager", "", NOW, 9, 600.0, False, None)


@pytest.mark.parametrize(
    ("rule", "beat", "late_s", "gone"),
    [
        (RULE, BEAT, 420, False),
        (RULE, BEAT, 421, True),
        (LEARNED, BEAT, 1020, False),  # its longest pause and a half, and the grace
        (LEARNED, BEAT, 1021, True),
        (LEARNED, replace(BEAT, deliveries=2), 10**6, False),  # nobody knows its pace yet
        (RULE, replace(BEAT, deliveries=1), 421, True),
        (RULE, replace(BEAT, ended=True), 0, True),
    ],
)
def test_it_is_gone_when_it_is_later_than_it_may_be(
    rule: BeatRule, beat: SeenBeat, late_s: int, gone: bool
) -> None:
    """As set, or by its own pace; its sender's word for its end counts at once; there is always a reason."""
    why = absence(beat, rule, LONG_AGO, NOW + timedelta(seconds=late_s))
    assert bool(why) is gone
    assert not gone or why.endswith(".")


def test_what_nobody_could_hear_is_not_gone() -> None:
    """After a start it has as long as ever, whatever was missed meanwhile."""
    start = NOW + timedelta(hours=3)
    assert absence(BEAT, RULE, LONG_AGO, start)
    assert not absence(BEAT, RULE, start, start + timedelta(seconds=420))
    assert absence(BEAT, RULE, start, start + timedelta(seconds=421))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Hearing:
    """A store, the intake's core and the heartbeats over it, at a time of the test's own."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.store = Store.open(sqlite_url(path / "vigie.sqlite"), self.clock)
        self.restart()

    def restart(self) -> None:
        self.alerts = Alerts(self.store, Rules(), lambda verb, subject: None)
        self.beats = Heartbeats(self.store, {"Watchdog"}, RULE, lambda verb, subject: None)
        self.beats.look()

    def beat(self, status: AlertStatus = AlertStatus.FIRING, cluster: str = "a") -> Kind:
        labels = {"alertname": "Watchdog", "cluster": cluster}
        alert = Alert("alertmanager", "Watchdog", status, Severity.INFO, "", "", NOW, labels=labels)
        return self.alerts.receive([alert])[0].kind

    def incidents(self) -> list[Incident]:
        with self.store.read() as tx:
            return tx.incidents.in_states(*IncidentState)


@pytest.fixture
def hearing(tmp_path: Path) -> Iterator[Hearing]:
    made = Hearing(tmp_path)
    yield made
    made.store.close()


def test_its_absence_is_one_critical_incident_that_ends_when_it_is_back(hearing: Hearing) -> None:
    """Looked at as often as may be, it opens once; it is told, audited and explained; its return ends it."""
    assert hearing.beat() is Kind.HEARTBEAT
    hearing.clock.go_on(420)
    hearing.beats.look()
    assert hearing.incidents() == []
    hearing.clock.go_on(1)
    for _ in range(3):
        hearing.beats.look()
    (incident,) = hearing.incidents()
    assert incident.severity is Severity.CRITICAL and incident.state.is_open
    with hearing.store.read() as tx:
        (seen,) = tx.alerts.of_incident(incident.id)
        assert tx.posts.get(f"incident:{incident.id}") is not None
        assert [e.action for e in tx.audit.events()] == ["opened"]
    assert "Watchdog of alertmanager is gone" in seen.summary
    assert "is expected each 5 min" in seen.description
    hearing.beat()
    hearing.beats.look()
    (incident,) = hearing.incidents()
    assert (incident.state, incident.resolved_by) == (IncidentState.RESOLVED, "source")
    hearing.clock.go_on(421)
    hearing.beats.look()
    assert len(hearing.incidents()) == 2


def test_each_sender_has_its_own(hearing: Hearing) -> None:
    """Of two clusters with a Watchdog each, the one that stays away is missed while the other goes on."""
    hearing.beat(cluster="a")
    hearing.beat(cluster="b")
    hearing.clock.go_on(400)
    hearing.beat(cluster="b")
    hearing.clock.go_on(30)
    hearing.beats.look()
    assert len(hearing.incidents()) == 1


def test_a_start_ends_no_absence_and_makes_none(hearing: Hearing) -> None:
    """One that is gone stays gone over a restart; one that was well has its time anew."""
    hearing.beat(cluster="a")
    hearing.clock.go_on(421)
    hearing.beats.look()
    hearing.beat(cluster="b")
    hearing.clock.go_on(3600)
    hearing.restart()
    hearing.beats.look()
    (incident,) = hearing.incidents()
    assert incident.state.is_open


def test_a_resolved_notice_of_one_is_its_end(hearing: Hearing) -> None:
    """It is no beat: what always fires and is said to be over is gone at once."""
    hearing.beat()
    assert hearing.beat(AlertStatus.RESOLVED) is Kind.HEARTBEAT
    hearing.beats.look()
    assert len(hearing.incidents()) == 1


def test_somebody_who_resolves_it_is_not_asked_again(hearing: Hearing) -> None:
    """A heartbeat that was taken away for good is one incident, closed by a person."""
    hearing.beat()
    hearing.clock.go_on(421)
    hearing.beats.look()
    with hearing.store.begin() as tx:
        tx.incidents.move(hearing.incidents()[0].id, IncidentState.RESOLVED, "T/U")
    hearing.clock.go_on(10_000)
    hearing.beats.look()
    assert len(hearing.incidents()) == 1


def test_a_name_that_is_no_heartbeat_any_more_is_forgotten(hearing: Hearing) -> None:
    """Its incident ends with it, and nothing is missed from then on."""
    hearing.beat()
    hearing.clock.go_on(421)
    hearing.beats.look()
    hearing.beats = Heartbeats(hearing.store, {"Other"}, RULE, lambda verb, subject: None)
    hearing.beats.look()
    hearing.clock.go_on(10_000)
    hearing.beats.look()
    (incident,) = hearing.incidents()
    assert not incident.state.is_open
    with hearing.store.read() as tx:
        assert tx.beats.all() == []


def test_the_pace_is_learned_while_it_is_well(hearing: Hearing) -> None:
    """The longest pause counts; that of an absence does not."""
    for pause in (60, 300, 60, 421):
        hearing.beat()
        hearing.clock.go_on(pause)
        hearing.beats.look()
    hearing.beat()
    with hearing.store.read() as tx:
        (beat,) = tx.beats.all()
    assert (beat.deliveries, beat.gap_s) == (5, 300.0)
