"""What the intake asks of the store: found by an index however much is stored, and urgent first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.copilot.alerts import Alerts
from bot.domain.alert import Alert, AlertStatus, Severity
from bot.domain.senders import Notification
from bot.store.database import Store, sqlite_url
from bot.triage.decide import Rules

NOW = datetime(2026, 3, 1, tzinfo=UTC)
# These grow with every alert; a statement of the intake that reads one of them whole gets slower for ever.
GROWING = ("alerts", "series", "inbox", "posts", "audit", "heartbeats")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(sqlite_url(tmp_path / "vigie.sqlite"))
    yield opened
    opened.close()


def wake(verb: str, subject: str) -> None:
    """Nothing sweeps here."""


def alert(number: int, status: AlertStatus = AlertStatus.FIRING, name: str = "") -> Alert:
    labels = {"number": str(number)}
    severity = Severity.CRITICAL if number % 2 else Severity.WARNING
    return Alert("am", name or f"A{number}", status, severity, f"svc-{number % 3}", "t", NOW, labels=labels)


def test_no_statement_of_the_intake_reads_a_growing_table_whole(store: Store) -> None:
    """Opened, joined, repeated, resolved, named deliveries, heartbeats: SQLite searches, it does not scan."""
    intake = Alerts(store, Rules(), wake)
    asked: dict[str, object] = {}

    def note(conn: object, cursor: object, statement: str, parameters: object, *rest: object) -> None:
        if re.match(r"SELECT|UPDATE|INSERT|DELETE", statement):
            asked.setdefault(statement, parameters)

    sa.event.listen(store._engine, "before_cursor_execute", note)
    for status in (AlertStatus.FIRING, AlertStatus.FIRING, AlertStatus.RESOLVED):
        group = [Notification([alert(number, status)], f"{status}{number}") for number in range(9)]
        intake.receive_many([*group, Notification([alert(0, name="Watchdog")])])
    sa.event.remove(store._engine, "before_cursor_execute", note)
    assert len(asked) > 10
    scans = []
    with store._engine.connect() as connection:
        for statement, parameters in asked.items():
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
            for row in plan:
                table = re.match(r"SCAN (\w+)(?! USING .*INDEX)", row.detail)
                # With a LIMIT it is the newest row by its key, and no more is read.
                if table and table[1] in GROWING and "LIMIT" not in statement:
                    scans.append((row.detail, statement))
    assert scans == []


def test_the_card_of_a_critical_incident_goes_first(store: Store) -> None:
    """Before everything that waits in its channel, as long as nobody has seen it; nothing else overtakes."""
    with store.begin() as tx:
        for name, severity in (("1", Severity.WARNING), ("2", Severity.CRITICAL), ("3", Severity.CRITICAL)):
            made = tx.incidents.open(
                Alert("am", name, AlertStatus.FIRING, severity, name, "t", NOW), name, None
            )
            tx.posts.want(f"incident:{made.id}", "incidents", "incident", made.id)
            tx.posts.want(
                f"incident:{made.id}:evidence", "incidents", "evidence", made.id, f"incident:{made.id}"
            )
    with store.read() as tx:
        order = [post.key for post in tx.posts.unsent()]
    assert order[:2] == ["incident:2", "incident:3"]
    assert order[2:] == ["incident:1", "incident:1:evidence", "incident:2:evidence", "incident:3:evidence"]
    with store.begin() as tx:
        seen = tx.posts.get("incident:2")
        assert seen is not None
        tx.posts.sent(seen, "C1", "1.1")
        tx.posts.want("incident:2", "incidents", "incident", 2)
    with store.read() as tx:
        assert [post.key for post in tx.posts.unsent(limit=3)][:2] == ["incident:3", "incident:1"]


def test_a_batch_asks_no_more_often_for_many_alerts_than_for_few(store: Store) -> None:
    """What sixty deliveries of known incidents cost in statements, six cost too: a storm grows no queue."""
    intake = Alerts(store, Rules(), wake)
    intake.receive_many([Notification([alert(number)]) for number in range(6)])
    asked: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    sa.event.listen(store._engine, "before_cursor_execute", note)
    counts = []
    for numbers in (range(100, 106), range(200, 260)):
        asked.clear()
        intake.receive_many([Notification([alert(number, name="Again")]) for number in numbers])
        counts.append(len(asked))
    sa.event.remove(store._engine, "before_cursor_execute", note)
    assert counts[0] > 5 and counts[1] <= counts[0], counts
