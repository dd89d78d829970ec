"""One owner a database: a second is refused; a lost lock is noticed, and taken again only if it is free."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import StoreBusy, StoreUnavailable
from bot.store.database import open_engine, sqlite_url
from bot.store.ownership import EXECUTOR, Ownership
from tests.postgresql import Postgres, server


@pytest.fixture
def engine(postgres_url: str) -> Iterator[sa.Engine]:
    """An engine of a PostgreSQL database."""
    made = open_engine(postgres_url)
    yield made
    made.dispose()


@pytest.fixture
def rival(postgres_url: str) -> Iterator[sa.Engine]:
    """The same database as another process sees it."""
    made = open_engine(postgres_url)
    yield made
    made.dispose()


def cut(engine: sa.Engine) -> int:
    """End every other connection of the database, as a restart does; how many there were."""
    with engine.begin() as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return len(connection.execute(sa.text(f"SELECT pg_terminate_backend(pid) {others}")).all())


def test_a_second_owner_is_refused_until_the_first_has_ended(engine: sa.Engine, rival: sa.Engine) -> None:
    """The refusal names the database and no password; afterwards it is free."""
    with Ownership(engine):
        with pytest.raises(StoreBusy, match=str(engine.url.database)), Ownership(rival):
            pass
        with Ownership(rival, EXECUTOR):  # another lock, for another role
            pass
    with Ownership(rival) as owned:
        owned.hold()


def test_an_executor_waits_for_the_one_before(engine: sa.Engine, rival: sa.Engine) -> None:
    """It comes in once the other is out, not before."""
    came = threading.Event()

    def enter() -> None:
        with Ownership(rival, EXECUTOR, wait=True):
            came.set()

    with Ownership(engine, EXECUTOR):
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not came.wait(0.5)
    assert came.wait(10)
    waiting.join(10)


def test_a_lost_lock_is_taken_again_where_it_is_free(engine: sa.Engine, rival: sa.Engine) -> None:
    """The connection is cut: the next look takes the lock anew, and it keeps others out as before."""
    with Ownership(engine) as owned:
        assert cut(rival) >= 1
        owned.hold()
        with pytest.raises(StoreBusy), Ownership(rival):
            pass


def test_a_lost_lock_that_another_has_taken_is_the_end(engine: sa.Engine, rival: sa.Engine) -> None:
    """It is never shared: who lost it is told that somebody else works on the database."""
    with Ownership(engine) as owned:
        cut(rival)
        with Ownership(rival), pytest.raises(StoreBusy):  # at once, before the owner looks again
            owned.hold()


def test_an_own_ghost_is_not_taken_for_a_rival(engine: sa.Engine) -> None:
    """The server still holds our lost connection for alive: that is waited for, not given up on."""
    with Ownership(engine) as owned:
        ghost, owned._connection = owned._connection, None  # it is out of our hands and lives on
        assert ghost is not None
        with pytest.raises(StoreUnavailable, match="has not noticed"):
            owned.hold()
        ghost.invalidate()
        ghost.close()
        for _ in range(100):
            try:
                owned.hold()
                break
            except StoreUnavailable:
                continue
        owned.hold()


def test_a_server_that_is_away_is_told_as_that(own_server: Postgres) -> None:
    """Neither a rival nor a traceback: the store does not answer, and once it is back the lock is taken."""
    engine = open_engine(own_server.fresh())
    with Ownership(engine) as owned:
        own_server.stop()
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{own_server.port}"):
            owned.hold()
        own_server.start()
        owned.hold()
        with pytest.raises(StoreBusy), Ownership(open_engine(engine.url.render_as_string(False))):
            pass
    engine.dispose()


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that the test may stop."""
    with server() as made:
        yield made


def test_sqlite_is_guarded_by_its_folder(tmp_path: Path) -> None:
    """There everything is granted here."""
    engine = open_engine(sqlite_url(tmp_path / "vigie.sqlite"))
    with Ownership(engine), Ownership(engine) as second:
        second.hold()
    engine.dispose()
