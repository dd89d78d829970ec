"""The copilot over a real store: an event and what it does are one, and who may lift a freeze."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.copilot import Copilot
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.person import Person
from bot.errors import AlreadyDone
from bot.sign_off.policy import Policy
from bot.store.database import Store, open_engine, sqlite_url
from bot.store.migrate import upgrade
from bot.tools.in_force import CATALOGUE, POLICY, Adopted, adopt_or_offer
from bot.triage.decide import Rules

ON_CALL, N3_A, LATE = Person("T1", "U1"), Person("T1", "U2"), Person("T1", "U3")
EMPTY = '{"catalogue": "version: 1\\n", "inventory": ""}'


class Group:
    """Who is N3, as a test says."""

    def __init__(self, *people: Person) -> None:
        self.people = frozenset(people)

    def n3(self) -> frozenset[Person]:
        return self.people


class Desk:
    """A copilot, its store and the time."""

    def __init__(self, path: Path) -> None:
        self.now = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
        self.engine = open_engine(sqlite_url(path / "vigie.sqlite"))
        upgrade(self.engine)
        clock: Callable[[], datetime] = lambda: self.now  # noqa: E731
        self.store = Store(self.engine, clock)
        self.group = Group(N3_A)
        with self.store.begin() as tx:
            adopt_or_offer(tx, CATALOGUE, EMPTY)
            adopt_or_offer(tx, POLICY, Policy().content())
        self.copilot = Copilot.of(self.store, Adopted(), self.group, Rules(), lambda verb, subject: None)

    def run(self, statement: str) -> None:
        with self.engine.connect() as connection, connection.begin():
            connection.execute(sa.text(statement))


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
