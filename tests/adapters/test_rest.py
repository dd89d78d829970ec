"""Rest: nothing that was committed is slept through, and while nothing is, looking costs one row."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from dbos._queue import queue_worker_thread
from dbos._scheduler import dynamic_scheduler_loop
from dbos._workflow_commands import background_jobs_thread

from bot import workflows
from bot.rest import Rest
from bot.store.database import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Resting:
    """A store whose clock and a rest whose patience a test moves on."""

    def __init__(self, folder: Path) -> None:
        self.now, self.passed = NOON, 0.0
        self.store = Store.open(f"sqlite:///{folder / 'vigie.sqlite'}", lambda: self.now)
        self.rest = Rest(self.store, 3.0, lambda: self.passed)

    def commit(self) -> None:
        with self.store.begin() as tx:
            tx.alerts.count("seen")

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def look(self, due_at: datetime | None = None, *, meanwhile: bool = False) -> None:
        """A whole look, after which nothing is left; somebody may commit `meanwhile`."""
        self.rest.is_over()
        self.later(0.1)
        if meanwhile:
            self.commit()
        self.rest.begin(due_at)


@pytest.fixture
def resting(tmp_path: Path) -> Resting:
    made = Resting(tmp_path)
    made.commit()
    made.later(1)
    return made


def test_the_first_look_is_never_left_out(resting: Resting) -> None:
    """Nobody has looked yet, whatever the rows say."""
    assert resting.rest.is_over()
    assert Rest(resting.store, 3.0).is_over()


def test_it_lasts_while_nothing_is_written(resting: Resting) -> None:
    """No commit and no time that comes: there is nothing to find."""
    resting.look()
    resting.later(1)
    assert not resting.rest.is_over()


@pytest.mark.parametrize("meanwhile", [True, False], ids=["during the look", "after it"])
def test_a_commit_ends_it(resting: Resting, meanwhile: bool) -> None:
    """Whenever it came: what a look may not have seen any more is looked for again."""
    resting.look(meanwhile=meanwhile)
    resting.later(1)
    if not meanwhile:
        assert not resting.rest.is_over()
        resting.commit()
        resting.later(1)
    assert resting.rest.is_over()
    resting.look()
    assert not resting.rest.is_over()


def test_a_clock_that_stands_before_a_stored_time_ends_it(resting: Resting) -> None:
    """Commits then leave no mark, so nobody may rest on there being none."""
    resting.look()
    resting.later(-5)
    assert resting.rest.is_over()
    resting.look()
    resting.commit()
    assert resting.rest.is_over()


def test_a_time_that_comes_ends_it(resting: Resting) -> None:
    """What is due by itself is not late."""
    due = resting.now + timedelta(seconds=2)
    resting.look(due)
    assert not resting.rest.is_over()
    resting.later(2)
    assert resting.rest.is_over()


def test_it_never_lasts_longer_than_it_may(resting: Resting) -> None:
    """Whatever nobody thought of is found then."""
    resting.look()
    resting.passed += 3.0
    assert resting.rest.is_over()


def test_a_look_that_failed_is_repeated(resting: Resting) -> None:
    """It may have left everything: whatever ended the rest before it has ended it still."""
    due = resting.now + timedelta(seconds=2)
    resting.look(due)
    resting.later(2)
    assert resting.rest.is_over()
    assert resting.rest.is_over(), "after a time that came"
    resting.look()
    resting.commit()
    resting.later(1)
    assert resting.rest.is_over()
    assert resting.rest.is_over(), "after a commit"
    resting.look()
    resting.passed += 3.0
    assert resting.rest.is_over()
    assert resting.rest.is_over(), "after the longest rest"


def test_looking_whether_it_is_over_costs_one_row(resting: Resting) -> None:
    """Counted at the database: what happens several times a second is one statement in its transaction."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    resting.look()
    sa.event.listen(resting.store._engine, "before_cursor_execute", note)
    assert not resting.rest.is_over()
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1
    assert len(asked) <= 2


def test_the_engine_knows_the_names_that_slow_it_down() -> None:
    """They are private ones: with a version that has renamed them it would ask every second again."""
    assert "_BACKGROUND_JOBS_INTERVAL_SEC" in background_jobs_thread.__code__.co_names
    assert "_polling_interval_sec" in queue_worker_thread.__code__.co_names
    assert "_STARTUP_FAST_POLL_DURATION_SEC" in inspect.getsource(dynamic_scheduler_loop)
    assert workflows.SELDOM_S > 1
