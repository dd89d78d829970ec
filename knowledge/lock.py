"""One owner a folder: an advisory lock on a file, let go by the system when the owner ends, however it
ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

from knowledge.errors import KnowledgeBusy

if TYPE_CHECKING:
    import sqlalchemy as sa

FILE = "owner.lock"
# Any fixed number: who fills the vectors of one PostgreSQL database.
_FILLS = 7_301_459


class OwnerLock:
    """Held from construction to `release`. Raises KnowledgeBusy when another process, or another base here,
    holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._file: IO[str] = (folder / FILE).open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            raise KnowledgeBusy(
                f"the knowledge folder {folder} is owned by process {holder or 'unknown'}; "
                "stop that process, or open it with owner=False to write documents beside it"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Lets another owner in."""
        self._file.close()


class FillTurn:
    """One filler at a time of what several hosts share; on SQLite the owner of the folder always has it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it was ours when it was asked for last."""
        return self._engine.dialect.name == "sqlite" or self._connection is not None

    def take(self) -> bool:
        """Take it, or look whether it is still ours; the database lets go of it with our connection."""
        import sqlalchemy as sa

        if self._engine.dialect.name == "sqlite":
            return True
        try:
            if self._connection is not None:
                self._connection.exec_driver_sql("SELECT 1")
                return True
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_FILLS))):
                self._connection = connection
                return True
            connection.close()
        except sa.exc.DBAPIError:
            self.release()
        return False

    def release(self) -> None:
        """Let another host fill."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # a connection that is lost holds nothing
                connection.invalidate()
            connection.close()
