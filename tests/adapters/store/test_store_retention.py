"""What is forgotten of old deliveries, and what stays however old it is, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.copilot.forgetting import Forgetting
from bot.domain.alert import AlertStatus, Decision, Kind, Severity
from bot.domain.incident import IncidentState
from bot.domain.noise import Delivery, Held, Hold, Series, Trace
from bot.domain.records import MOST_ALERTS
from bot.store import tables as t
from bot.store import triage_tables as tt
from bot.store.database import Store, open_engine
from tests.adapters.store.build import NOW, alert

KEEP = timedelta(days=30)


class Past:
    """A store whose time the test sets, and its rows."""

    def __init__(self, url: str) -> None:
        self.now = NOW
        self.engine = open_engine(url)
        self.store = Store(self.engine, lambda: self.now)
        self.forgetting = Forgetting(self.store, KEEP)

    def incident(self) -> int:
        with self.store.begin() as tx:
            return tx.incidents.open(alert(), "Orders are stuck", None).id

    def over(self, incident: int) -> None:
        with self.store.begin() as tx:
            assert tx.incidents.move(incident, IncidentState.RESOLVED, "source")

    def add(self, name: str, incident: int | None = None, told: bool = False) -> int:
        """One delivery, with its series and trace; a second later than the last."""
        self.now += timedelta(seconds=1)
        mark = name.ljust(32, "0")
        series = Series(mark, AlertStatus.FIRING, Severity.WARNING, self.now, self.now, incident)
        trace = Trace(name, name, "", "", self.now)
        kind = Kind.DUPLICATE if incident else Kind.MUTED
        told_at: datetime | None = self.now if told else None
        made = Delivery(replace(alert(name), name=name), mark, Decision(kind, "why"), incident, told_at)
        with self.store.begin() as tx:
            tx.triage.save([(series, 1)], [], {(incident, trace.place): trace} if incident else {}, {})
            return tx.alerts.add([made])[0]

    def left(self, column: sa.Column[int] = t.alerts.c.id) -> set[int]:
        with self.engine.connect() as connection:
            return set(connection.execute(sa.select(column)).scalars())


@pytest.fixture
def past(ready_url: str) -> Past:
    return Past(ready_url)


def test_old_deliveries_go_but_for_what_people_need(past: Past) -> None:
    """Of what is over, the first of each series, what was told or spoken of stays; all of what is open."""
    over, still = past.incident(), past.incident()
    first, again, told = past.add("a", over), past.add("a", over), past.add("a", over, told=True)
    other, spoken, muted = past.add("b", over), past.add("b", over), past.add("m")
    open_too = [past.add("c", still), past.add("c", still)]
    with past.store.begin() as tx:
        delivery = tx.deliveries.get(spoken)
        assert delivery is not None
        tx.corrections.add(delivery, "T/U", past.now, over, False)
        hold = Hold(over, "a".ljust(32, "0"), again, past.now, past.now)
        tx.triage.hold([hold])
        tx.triage.end_hold(hold, Held.COVERED)
    past.over(over)
    past.now += KEEP - timedelta(minutes=1)
    past.forgetting.look()
    assert past.left() >= {again, muted}
    past.now += timedelta(minutes=2)
    young = past.add("a", over)
    for _ in range(2):
        past.forgetting.look()
    assert past.left() == {first, told, other, spoken, *open_too, young}
    assert past.left(tt.triage_holds.c.alert_id) == set()
    with past.store.read() as tx:
        assert [one.name for one in tx.alerts.of_incident(over)] == ["a", "b"]


def test_what_was_heard_of_long_ago_is_no_series_any_more(past: Past) -> None:
    """Nor is it remembered where it was; what an open incident holds stays; triage reads its rows anew."""
    over, still = past.incident(), past.incident()
    past.add("a", over), past.add("c", still), past.add("m")
    past.over(over)
    with past.store.read() as tx:
        revision = tx.triage.revision()
    past.now += KEEP + timedelta(hours=2)
    past.forgetting.look()
    with past.store.read() as tx:
        known = tx.alerts.series([name.ljust(32, "0") for name in "acm"])
        assert [mark[0] for mark in known] == ["c"]
        assert {incident for incident, _ in tx.triage.remembered().traces} == {still}
        assert tx.triage.revision() > revision
        assert [one.status for one in tx.alerts.of_incident(over)] == [AlertStatus.RESOLVED]


def test_many_are_forgotten_in_small_transactions_and_numbers_are_not_given_twice(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many series of one incident stay as its card shows; and when all is old, the newest number stays."""
    monkeypatch.setattr("bot.copilot.forgetting.AT_ONCE", 7)
    monkeypatch.setattr("bot.store.retention.MOST_ALERTS", 3)
    over = past.incident()
    numbers = [past.add(f"n{number}", over) for number in range(15)]
    last = [past.add("m") for _ in range(10)][-1]
    past.over(over)
    past.now += 2 * KEEP
    past.forgetting.look()
    assert MOST_ALERTS > 3 and past.left() == {*numbers[:3], last}
    assert past.add("m") == last + 1
    past.now += 2 * KEEP
    past.forgetting.look()
    assert past.left() == {*numbers[:3], last + 1}


def test_what_is_to_be_kept_for_ever_is(past: Past) -> None:
    """`keep_days = 0`."""
    number = past.add("m")
    past.add("m")
    past.now += 100 * KEEP
    Forgetting(past.store, timedelta()).look()
    assert number in past.left()
