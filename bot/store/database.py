"""One store, two engines: transactions that carry their own time, and never a time before one stored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bot import fault_hook
from bot.errors import Misconfigured
from bot.store import tables as t
from bot.store.alerts import Alerts
from bot.store.audit import Audit
from bot.store.checks import Checks
from bot.store.diagnoses import Diagnoses
from bot.store.inbox import Inbox
from bot.store.incidents import Incidents
from bot.store.n3 import N3Records
from bot.store.posts import Posts
from bot.store.proposals import Proposals
from bot.store.summaries import Summaries

# Any fixed number: writers of one PostgreSQL database queue for it, as those of SQLite do for the file.
_WRITERS_LOCK = 7_301_456


def system_now() -> datetime:
    """The system's clock, aware, in UTC."""
    return datetime.now(UTC)


def open_engine(url: str) -> Engine:
    """An engine for `url`; SQLite is set to WAL with full sync, and its writers queue for up to 10 s.

    Raises:
        Misconfigured: not a URL of a database, or its driver is not installed.
    """
    try:
        engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (sa.exc.ArgumentError, ImportError) as error:
        # The URL may hold a password, so it is not repeated.
        raise Misconfigured(f"store_url: not one that SQLAlchemy can use ({type(error).__name__}).") from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: object, record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own BEGIN comes too late
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("vigie_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def one_writer(connection: Connection) -> None:
    """Wait until no other transaction writes; SQLite's BEGIN IMMEDIATE has done so already.

    Time, the audit chain and every "is it known already" rest on reading what the writer before committed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS_LOCK)))


class Tx:
    """One transaction: the records by kind, and `now`, the one time that everything in it uses."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.now = now
        self.alerts = Alerts(connection, now)
        self.incidents = Incidents(connection, now)
        self.diagnoses = Diagnoses(connection, now)
        self.checks = Checks(connection, now)
        self.proposals = Proposals(connection, now)
        self.n3 = N3Records(connection, now)
        self.summaries = Summaries(connection, now)
        self.posts = Posts(connection, now)
        self.inbox = Inbox(connection, now)
        self.audit = Audit(connection, now)


class Store:
    """Opens transactions. `begin` writes, `read` only looks; both are safe from any thread."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = system_now) -> None:
        self._engine = engine
        self._clock = clock
        self._writers = threading.Lock()

    @classmethod
    def open(cls, url: str, clock: Callable[[], datetime] = system_now) -> Store:
        """Open the store at `url` and bring its tables up to date."""
        from bot.store.migrate import upgrade

        engine = open_engine(url)
        upgrade(engine)
        return cls(engine, clock)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A writing transaction: committed when the block ends, rolled back when it raises."""
        # They would queue in the database too, but there by sleeping and trying again, in no order.
        with self._writers, self._engine.connect() as connection, connection.begin():
            one_writer(connection)
            now = self._advance(connection)
            yield Tx(connection, now)
            fault_hook.point("commit")
        fault_hook.point("committed")

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A reading transaction: one consistent view."""
        options: dict[str, Any] = {"vigie_reading": True}
        if self._engine.dialect.name == "postgresql":
            # What SQLite's readers get anyway: every statement sees the same moment.
            options["isolation_level"] = "REPEATABLE READ"
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield Tx(connection, max(self._clock(), self._stored(connection)))

    def now(self) -> datetime:
        """The time now, never before the newest time stored."""
        with self.read() as tx:
            return tx.now

    def close(self) -> None:
        self._engine.dispose()

    def _advance(self, connection: Connection) -> datetime:
        stored = self._stored(connection)
        now = max(self._clock(), stored)
        if now > stored:
            changed = connection.execute(sa.update(t.high_water).values(at=now))
            if not changed.rowcount:
                connection.execute(sa.insert(t.high_water).values(id=1, at=now))
        return now

    def _stored(self, connection: Connection) -> datetime:
        row = connection.execute(sa.select(t.high_water.c.at)).first()
        return datetime.min.replace(tzinfo=UTC) if row is None else row.at


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"
