"""One owner a PostgreSQL database: a lock that the server lets go of when its holder's connection ends.

A SQLite store is guarded by the lock of its folder, so here everything is granted.
"""

from __future__ import annotations

import contextlib
import threading
import time
from types import TracebackType

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bot.errors import StoreBusy, StoreUnavailable
from bot.store.database import answering

# Any fixed numbers: who serves, and who executes.
SERVE, EXECUTOR = 7_301_457, 7_301_458
_PAUSES_S = (0.2, 0.5, 1.0)  # the server may need a moment to notice that the owner before has ended
_POLL_S = 0.2
# A holder whose host has died is noticed by the server after 25 seconds, not after two hours.
_NOTICED = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")


class Ownership:
    """Held by a connection of its own for as long as the block runs. Safe from any thread."""

    def __init__(self, engine: Engine, lock: int = SERVE, *, wait: bool = False) -> None:
        self._engine, self._lock, self._wait = engine, lock, wait
        self._granted = engine.dialect.name != "postgresql"
        self._connection: Connection | None = None
        self._backend = 0
        self._turn = threading.Lock()

    def __enter__(self) -> Ownership:
        """Take it.

        Raises:
            StoreBusy: another process has it, and `wait` is False.
            StoreUnavailable: the database does not answer.
        """
        pauses = iter(_PAUSES_S)
        while True:
            try:
                self.hold()
                return self
            except StoreBusy:
                pause = _POLL_S if self._wait else next(pauses, 0.0)
                if not pause:
                    raise
            time.sleep(pause)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._turn:
            self._let_go()

    def hold(self) -> None:
        """Return while it is held; one that was lost is taken again if nobody else has it.

        Raises:
            StoreBusy: another process has it.
            StoreUnavailable: the database does not answer, or holds our lost connection for alive.
        """
        if self._granted:
            return
        with self._turn, answering(self._engine):
            if self._connection is not None:
                try:
                    self._connection.exec_driver_sql("SELECT 1")
                    return
                except sa.exc.DBAPIError:
                    self._let_go()
            self._take()

    def _take(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with contextlib.ExitStack() as unless_taken:
            unless_taken.callback(_end, connection)
            for setting in _NOTICED:
                connection.exec_driver_sql(f"SET {setting}")
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(self._lock))):
                raise self._refusal(connection)
            self._backend = int(connection.scalar(sa.select(sa.func.pg_backend_pid())) or 0)
            self._connection = connection
            unless_taken.pop_all()

    def _refusal(self, connection: Connection) -> StoreBusy | StoreUnavailable:
        holders = connection.execute(
            sa.text(
                "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
                " WHERE locktype = 'advisory' AND granted AND objid = :lock AND datname = current_database()"
            ),
            {"lock": self._lock},
        )
        if self._backend and self._backend in set(holders.scalars()):
            return StoreUnavailable("The database has not noticed yet that the connection before is gone.")
        url = self._engine.url
        return StoreBusy(f"({url.host}:{url.port or 5432}/{url.database})")

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _end(connection)


def _end(connection: Connection) -> None:
    """End it for good rather than give it back to the pool: the lock and the settings end with it."""
    with contextlib.suppress(sa.exc.DBAPIError):
        connection.invalidate()
    connection.close()
