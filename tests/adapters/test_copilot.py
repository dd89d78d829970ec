"""The copilot over a real store: an event and what it does are one, and who may lift a freeze."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.alert import Alert, AlertStatus, Severity
from bot.errors import AlreadyDone
from tests.desk import LATE, N3_A, ON_CALL, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_event_whose_effect_failed_may_come_again(desk: Desk) -> None:
    """The audit log refuses: no freeze, and the same event has its effect when it is delivered anew, once."""
    desk.run("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(sa.exc.IntegrityError):
        desk.copilot.switch.freeze(ON_CALL, event="event:1")
    desk.run("DROP TRIGGER full")
    desk.copilot.switch.freeze(ON_CALL, event="event:1")
    with pytest.raises(AlreadyDone):
        desk.copilot.switch.freeze(ON_CALL, event="event:1")
    with desk.store.read() as tx:
        assert [event.action for event in tx.audit.events("freeze")] == ["frozen"]


def test_who_joined_n3_a_moment_ago_cannot_lift_a_freeze(desk: Desk) -> None:
    """A newcomer is announced with the advice to freeze; lifting that freeze takes them a day."""
    desk.copilot.signing.look_at_n3()
    desk.group.people = frozenset({N3_A, LATE})
    desk.copilot.signing.look_at_n3()
    desk.copilot.switch.freeze(ON_CALL)
    assert not desk.copilot.switch.unfreeze(LATE).allowed
    desk.now += timedelta(hours=25)
    assert desk.copilot.switch.unfreeze(LATE).allowed


def test_a_rise_is_told_only_when_the_incident_rises(desk: Desk) -> None:
    """In a critical incident one alert goes from info to warning: nothing new is told."""
    for name, severity in (("A", Severity.CRITICAL), ("B", Severity.INFO), ("B", Severity.WARNING)):
        desk.copilot.alerts.receive([_alert(name, severity, desk.now)])
    assert not _told(desk, "rise")


def test_a_rise_of_the_incident_is_a_message_of_its_own(desk: Desk) -> None:
    """Slack tells nobody of an edit, so the rise from warning to critical is posted, once."""
    for severity in (Severity.WARNING, Severity.CRITICAL, Severity.CRITICAL):
        desk.copilot.alerts.receive([_alert("A", severity, desk.now)])
    assert _told(desk, "rise") == ["incident:1:rise:critical"]


def _alert(name: str, severity: Severity, at: datetime) -> Alert:
    labels = {"alertname": name}
    return Alert("alertmanager", name, AlertStatus.FIRING, severity, "orders", "test", at, labels=labels)


def _told(desk: Desk, word: str) -> list[str]:
    with desk.store.read() as tx:
        return [post.key for post in tx.posts.unsent() if word in post.key]
