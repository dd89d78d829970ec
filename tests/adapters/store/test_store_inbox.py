"""What came in is work or was only seen; what held work up goes with it; neither grows for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.copilot.forgetting import SEEN_FOR, Forgetting
from bot.domain.inbox import InboxKind, Work
from bot.stages.due import unfinished
from bot.store import tables as t
from bot.store.database import Store, open_engine
from bot.store.houses import STORE

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WAITS = (timedelta(seconds=1), timedelta(seconds=2))
WORKS: tuple[Work, ...] = (InboxKind.ASK, InboxKind.DRAFT)


class Clocked:
    """A store whose time the test sets."""

    def __init__(self, url: str) -> None:
        self.now = NOW
        self.store = Store(open_engine(url), lambda: self.now)

    def known(self) -> set[str]:
        with self.store._engine.connect() as connection:
            return set(connection.execute(sa.select(t.inbox.c.key)).scalars())


@pytest.fixture
def clocked(ready_url: str) -> Iterator[Clocked]:
    made = Clocked(ready_url)
    yield made
    made.store.close()


def accept_all(store: Store, name: str) -> None:
    with store.begin() as tx:
        for kind in InboxKind:
            assert tx.inbox.accept(f"{name}:{kind}", kind, {"by": "T1/U1"})


def test_only_what_is_asked_for_is_ever_due(store: Store) -> None:
    """One of every kind came in: questions and drafts wait until they are done, everything else is seen."""
    accept_all(store, "a")
    with store.read() as tx:
        assert {work for kind in WORKS for work in tx.inbox.pending(kind)} == {"a:ask", "a:draft"}
        assert unfinished(tx) == ["answer:a:ask", "draft:a:draft"]
        kept = {kind: tx.inbox.get(f"a:{kind}") for kind in InboxKind}
    assert all(row is not None and row.kind is kind for kind, row in kept.items())
    with store.begin() as tx:
        assert not any(tx.inbox.accept(f"a:{kind}", kind, {}) for kind in InboxKind), "each counts once"
        for kind in WORKS:
            tx.inbox.done(f"a:{kind}")
    with store.read() as tx:
        assert unfinished(tx) == []


@pytest.mark.parametrize("keep", [timedelta(), timedelta(days=120)])
def test_what_was_seen_long_ago_is_forgotten(clocked: Clocked, keep: timedelta) -> None:
    """However long deliveries are kept. What guards something signed stays, and so does work that waits."""
    accept_all(clocked.store, "old")
    clocked.now += SEEN_FOR - timedelta(minutes=1)
    Forgetting(clocked.store, keep).look()
    assert len(clocked.known()) == len(InboxKind)
    accept_all(clocked.store, "new")
    clocked.now += timedelta(minutes=2)
    Forgetting(clocked.store, keep).look()
    left = {key for key in clocked.known() if key.startswith("old:")}
    assert left == {"old:ask", "old:draft", "old:signed", "old:head"}
    assert len(clocked.known() - left) == len(InboxKind)


def test_much_is_forgotten_in_small_transactions(clocked: Clocked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.copilot.forgetting.AT_ONCE", 3)
    with clocked.store.begin() as tx:
        for number in range(20):
            tx.inbox.accept(f"delivery:{number}", InboxKind.DELIVERY, {})
    clocked.now += 2 * SEEN_FOR
    Forgetting(clocked.store, timedelta()).look()
    assert clocked.known() == set()


def test_an_attempt_never_has_the_name_of_an_earlier_one(clocked: Clocked) -> None:
    """Not even when the count begins anew, as the work was done in between and is due once more."""
    names = []
    for _ in range(3):
        for _ in range(2):
            clocked.now += timedelta(seconds=1)
            with clocked.store.begin() as tx:
                tx.setbacks.add("learn:1", "the disk is full", WAITS)
                seen = tx.setbacks.all()["learn:1"]
            names.append(seen.attempt)
        assert (seen.attempts, seen.not_before - clocked.now) == (2, WAITS[1])
        with clocked.store.begin() as tx:
            tx.setbacks.clear(["learn:1"])
            assert tx.setbacks.all() == {} and tx.setbacks.next_try_at() is None
    assert len(set(names)) == len(names)


def test_an_older_store_learns_what_is_work(url: str) -> None:
    """Forms that were opened wait for nobody any more; a signature that may come again stays for ever; what
    is under way keeps its name at the workflow engine.
    """
    engine = open_engine(url)
    signature = f"delivery:pd:X-PagerDuty-Signature:{'ab' * 32}"
    rows = {
        "draft:1.2": ("draft", {"by": "T1/U1"}),
        "event:9": ("draft", {"incident_id": 7, "kind": "update"}),
        "message:1": ("ask", {"question": "why?"}),
        "event:8": ("event", {}),
        "message:2": ("command", {}),
        "odd": ("of an older version", {}),
        "delivery:am:1": ("delivery", {}),
        signature: ("delivery", {}),
        "head:1:2": ("head", {}),
    }
    with engine.connect() as connection, connection.begin():
        STORE.upgrade_to(connection, "0013")
        old = {table.name: table for table in STORE.shape("0013")}
        for key, (kind, payload) in rows.items():
            row = {"key": key, "kind": kind, "payload": payload, "received_at": NOW.isoformat()}
            connection.execute(sa.insert(old["inbox"]).values(row))
        waits = {"work": "answer:message:1", "attempts": 3, "not_before": NOW.isoformat(), "problem": "away"}
        connection.execute(sa.insert(old["setbacks"]).values(waits))
        STORE.upgrade_to(connection, STORE.head)
    store = Store(engine)
    with store.read() as tx:
        assert unfinished(tx) == ["answer:message:1", "draft:event:9"]
        found = {key: tx.inbox.get(key) for key in rows}
        assert tx.setbacks.all()["answer:message:1"].attempt == "3"
    kinds = {key: row.kind.value for key, row in found.items() if row is not None}
    assert kinds == {key: kind for key, (kind, _) in rows.items()} | {
        "draft:1.2": "wording",
        "odd": "event",
        signature: "signed",
    }
    store.close()
