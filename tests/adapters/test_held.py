"""What is held, put off, split off or falls silent, over a real store with the rules of `serve`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.copilot import Copilot
from bot.domain.alert import Kind, Severity
from bot.domain.incident import BY_SILENCE, IncidentState
from bot.tools.in_force import Adopted
from bot.triage.rules import Rules
from tests.desk import ON_CALL, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """What is not critical is held for minutes."""
    made = Desk(tmp_path)
    made.copilot = Copilot.of(made.store, Adopted(), made.group, Rules(), lambda verb, subject: None)
    return made


def fire(desk: Desk, name: str, severity: Severity = Severity.WARNING, service: str = "orders") -> Kind:
    return desk.copilot.alerts.receive([desk.alert(name, severity, service)])[0].kind


def test_what_is_split_off_is_told_with_all_that_was_held(desk: Desk) -> None:
    """The new incident is told at once, so nothing in it waits any more."""
    copilot = desk.copilot
    fire(desk, "Down", Severity.CRITICAL)
    assert fire(desk, "Slow") is Kind.JOINED
    with desk.store.read() as tx:
        (old,) = tx.incidents.open_now()
        slow = next(one for one in tx.deliveries.series_of(old.id, 9) if one.name == "Slow")
    assert slow.told_at is None
    new = copilot.regroupings.split(ON_CALL, old.id, [slow.fingerprint])
    with desk.store.read() as tx:
        shown = tx.alerts.shown(new.id)
        assert (shown.told, shown.held) == (1, 0)
        assert not tx.triage.waiting([slow.fingerprint])


def test_a_hold_that_is_put_off_says_until_when(desk: Desk) -> None:
    """The reason and the time that people read are those that hold."""
    copilot = desk.copilot
    fire(desk, "Down", Severity.CRITICAL)
    desk.now += timedelta(minutes=1)
    fire(desk, "Slow")
    with desk.store.read() as tx:
        (old,) = tx.incidents.open_now()
        slow = next(one for one in tx.deliveries.series_of(old.id, 9) if one.name == "Slow")
    desk.now += timedelta(minutes=7)
    copilot.alerts.sweep()
    with desk.store.read() as tx:
        later = tx.deliveries.get(slow.id)
        (hold,) = tx.triage.waiting([slow.fingerprint])
    assert later is not None and f"waits until {hold.due_at:%H:%M:%S} UTC" in later.reason
    assert hold.due_at > desk.now


def test_silence_ends_what_is_not_critical_and_says_so(desk: Desk) -> None:
    """After a day and more without a word; a critical alert is open until somebody says that it is over."""
    fire(desk, "Slow", service="web")
    fire(desk, "Down", Severity.CRITICAL)
    desk.now += timedelta(hours=25)
    desk.copilot.alerts.sweep()
    with desk.store.read() as tx:
        assert len(tx.incidents.open_now()) == 2
    desk.now += timedelta(days=10)
    desk.copilot.alerts.sweep()
    with desk.store.read() as tx:
        (critical,) = tx.incidents.open_now()
        (ended,) = tx.incidents.in_states(IncidentState.RESOLVED)
    assert (critical.service, ended.service, ended.resolved_by) == ("orders", "web", BY_SILENCE)
