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
from bot.errors import Misconfigured, StoreUnavailable
from bot.store import tables as t
from bot.store.alerts import Alerts
from bot.store.audit import Audit
from bot.store.beats import Beats
from bot.store.canaries import Canaries
from bot.store.checks import Checks
from bot.store.corrections import Corrections
from bot.store.deliveries import Deliveries
from bot.store.diagnoses import Diagnoses
from bot.store.drafts import Drafts
from bot.store.exchanges import Exchanges
from bot.store.executions import Executions
from bot.store.flow_back import FlowBack
from bot.store.gaps import Gaps
from bot.store.heartbeat import Heartbeat
from bot.store.inbox import Inbox
from bot.store.incidents import Incidents
from bot.store.investigations import Investigations
from bot.store.library import Library
from bot.store.mutes import Mutes
from bot.store.n3 import N3Records
from bot.store.notices import Notices
from bot.store.posts import Posts
from bot.store.proposals import Proposals
from bot.store.regroupings import Regroupings
from bot.store.retention import Retention
from bot.store.reviews import Reviews
from bot.store.setbacks import Setbacks
from bot.store.settling import Settling
from bot.store.silences import Silences
from bot.store.standing import Standing
from bot.store.streams import Streams
from bot.store.summaries import Summaries
from bot.store.triage import Triage
from bot.store.upkeep import Upkeep

# Any fixed number: writers of one PostgreSQL database queue for it, as those of SQLite do for the file.
_WRITERS_LOCK = 7_301_456
# Made once, as each transaction begins with them: building a statement takes longer than running it.
_NEWEST = sa.select(t.high_water.c.at)
_NOW = sa.bindparam("now", type_=t.high_water.c.at.type)
_ADVANCE = sa.update(t.high_water).where(t.high_water.c.at < _NOW).values(at=_NOW)
_READ_ONLY = "25006"  # PostgreSQL's code for a write where only reading is possible
# A database that is gone is noticed within half a minute, not after the two hours of the system's default.
_POSTGRESQL = {
    "application_name": "vigie",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}


def system_now() -> datetime:
    """The system's clock, aware, in UTC."""
    return datetime.now(UTC)


def open_engine(url: str) -> Engine:
    """An engine for `url`; SQLite is set to WAL with full sync, and its writers queue for up to 10 s.

    Raises:
        Misconfigured: not a URL of SQLite or PostgreSQL, or its driver is not installed.
    """
    # The URL may hold a password, so no message repeats it.
    try:
        made = sa.make_url(url)
        if made.drivername not in ("sqlite", "postgresql+psycopg"):
            raise Misconfigured(
                f"store_url: {made.drivername!r} is not supported; write"
                " postgresql://user@host/database, or leave it out for SQLite in the folder."
            )
        if made.drivername == "sqlite":
            return _sqlite(made)
        options = {name: value for name, value in _POSTGRESQL.items() if name not in made.query}
        return sa.create_engine(made, pool_pre_ping=True, pool_timeout=10, connect_args=options)
    except (sa.exc.ArgumentError, ValueError, ImportError) as error:
        raise Misconfigured(f"store_url: not one that SQLAlchemy can use ({type(error).__name__}).") from None


def _sqlite(url: sa.URL) -> Engine:
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def remaking(engine: Engine) -> Iterator[Connection]:
    """A transaction of the only writer in which tables may be made anew; references must hold at its end.

    Raises:
        Misconfigured: a row would refer to nothing; nothing was changed.
    """
    with engine.connect().execution_options(vigie_remaking=True) as connection:
        try:
            with connection.begin():
                one_writer(connection)
                yield connection
                _refuse_dangling(connection)
        finally:
            _look_after_references(connection)


def _look_after_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        driven = connection.connection.driver_connection
        assert driven is not None
        driven.execute("PRAGMA foreign_keys=ON")  # by the driver itself: it counts outside transactions alone


def _refuse_dangling(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if dangling is not None:
            raise Misconfigured(f"A row of {dangling[0]} would refer to nothing; nothing was changed.")


@contextmanager
def answering(engine: Engine) -> Iterator[None]:
    """What the block asks of the database is answered, or the reason why not is told without its URL.

    Raises:
        StoreUnavailable: the database is away, busy, full or read-only.
    """
    try:
        yield
    except sa.exc.TimeoutError:
        raise StoreUnavailable("All of its connections are in use.") from None
    except sa.exc.DBAPIError as error:
        away = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
        # After a fail-over an old address may lead to a replica for a while.
        read_only = getattr(error.orig, "sqlstate", None) == _READ_ONLY
        if not away and not read_only and not error.connection_invalidated:
            raise
        told = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        raise StoreUnavailable(f"({_place(engine)}: {told[0]})") from error


def _place(engine: Engine) -> str:
    url = engine.url
    return f"{url.host or 'local'}:{url.port or 5432}/{url.database}" if url.host else str(url.database)


def _prepare_sqlite(connection: object, record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # sqlite3's own BEGIN comes too late
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    reading = options.get("vigie_reading", False)
    if options.get("vigie_remaking", False):
        # SQLite changes a table by making it anew; dropping the old one would hurt what refers to it.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
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
        self.triage = Triage(connection, now)
        self.incidents = Incidents(connection, now)
        self.diagnoses = Diagnoses(connection, now)
        self.investigations = Investigations(connection, now)
        self.checks = Checks(connection, now)
        self.proposals = Proposals(connection, now)
        self.executions = Executions(connection, now)
        self.settling = Settling(connection, now)
        self.streams = Streams(connection, now)
        self.standing = Standing(connection, now)
        self.n3 = N3Records(connection, now)
        self.reviews = Reviews(connection, now)
        self.summaries = Summaries(connection, now)
        self.posts = Posts(connection, now)
        self.notices = Notices(connection, now)
        self.heartbeat = Heartbeat(connection, now)
        self.beats = Beats(connection, now)
        self.flow_back = FlowBack(connection, now)
        self.silences = Silences(connection, now)
        self.retention = Retention(connection, now)
        self.inbox = Inbox(connection, now)
        self.setbacks = Setbacks(connection, now)
        self.audit = Audit(connection, now)
        self.mutes = Mutes(connection, now)
        self.corrections = Corrections(connection, now)
        self.regroupings = Regroupings(connection, now)
        self.deliveries = Deliveries(connection, now)
        self.canaries = Canaries(connection, now)
        self.library = Library(connection, now)
        self.gaps = Gaps(connection, now)
        self.upkeep = Upkeep(connection, now)
        self.exchanges = Exchanges(connection, now)
        self.drafts = Drafts(connection, now)


class Store:
    """Opens transactions. `begin` writes, `read` only looks; both are safe from any thread."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = system_now) -> None:
        self._engine = engine
        self._clock = clock
        self._writers = threading.Lock()
        self._reading: dict[str, Any] = {"vigie_reading": True}
        if engine.dialect.name == "postgresql":
            # What SQLite's readers get anyway: every statement sees the same moment.
            self._reading["isolation_level"] = "REPEATABLE READ"

    @classmethod
    def open(cls, url: str, clock: Callable[[], datetime] = system_now) -> Store:
        """Open the store at `url`; see `ready`."""
        return cls.ready(open_engine(url), clock)

    @classmethod
    def ready(cls, engine: Engine, clock: Callable[[], datetime] = system_now) -> Store:
        """The store of this engine, its tables made if there are none.

        Raises:
            StoreOutdated, StoreTooNew: another version of Vigie wrote it.
            StoreUnavailable: the database does not answer.
        """
        from bot.store.migrate import create_or_refuse

        with answering(engine):
            create_or_refuse(engine)
        return cls(engine, clock)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A writing transaction: committed when the block ends, rolled back when it raises."""
        # They would queue in the database too, but there by sleeping and trying again, in no order.
        with (
            answering(self._engine),
            self._writers,
            self._engine.connect() as connection,
            connection.begin(),
        ):
            one_writer(connection)
            yield writing(connection, self._clock())
            fault_hook.point("commit")
        fault_hook.point("committed")

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A reading transaction: one consistent view."""
        with (
            answering(self._engine),
            self._engine.connect().execution_options(**self._reading) as connection,
            connection.begin(),
        ):
            yield Tx(connection, max(self._clock(), _stored(connection)))

    def now(self) -> datetime:
        """The time now, never before the newest time stored."""
        with self.read() as tx:
            return tx.now

    def clock(self) -> tuple[datetime, datetime | None]:
        """The time now and that of the newest commit, for the price of one row.

        Every commit has a time of its own but while the clock stands before one stored; then it is None.
        """
        with answering(self._engine), self._engine.connect().execution_options(**self._reading) as connection:
            now, newest = self._clock(), _stored(connection)
        return max(now, newest), newest if newest < now else None

    def close(self) -> None:
        self._engine.dispose()


def writing(connection: Connection, now: datetime) -> Tx:
    """What a connection of one's own writes, at `now` or the newest time stored, which moves forward."""
    if connection.execute(_ADVANCE, {"now": now}).rowcount:
        return Tx(connection, now)
    stored = _stored(connection)
    if stored < now:  # there is none yet
        connection.execute(sa.insert(t.high_water).values(id=1, at=now))
    return Tx(connection, max(now, stored))


def _stored(connection: Connection) -> datetime:
    row = connection.execute(_NEWEST).first()
    return datetime.min.replace(tzinfo=UTC) if row is None else row.at


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"
