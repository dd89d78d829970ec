"""A running `vigie serve` for tests: started, stopped, killed, held, and asked what it logged."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from bot.store.database import Store, open_engine
from knowledge.base import KnowledgeBase
from tests.forked import Forked, Started, started
from tests.forked_executor import PID_FILE

T = TypeVar("T")
_HOLD_POSTGRESQL = "LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE"
_CUT_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass
class Running:
    """The process in a folder of its own, with its environment."""

    folder: Path
    environment: dict[str, str]
    serve: Started | None = None
    port: int = 0
    code: Path | None = None  # a folder with another version of our code, instead of this one
    supervised: bool = False  # somebody starts serve again when it ends, so its end is no reason to give up
    _store: Store | None = None

    async def start(self, extra: Mapping[str, str] | None = None, *, ready: bool = True) -> None:
        """Start `vigie serve` and wait until its intake answers."""
        port_file = self.folder / "data" / "web.port"
        port_file.unlink(missing_ok=True)
        argv = ("serve", "--config", str(self.folder / "vigie.toml"))
        environment = self.environment | dict(extra or {})
        self.serve = await started(argv, environment, self.folder / "serve.log", code=self.code)
        if ready:
            await self.until("the intake", lambda: (port_file.exists() and port_file.read_text()) or None)
            self.port = int(port_file.read_text())

    async def stop(self) -> int:
        """End `vigie serve` in good order; its exit code."""
        assert self.serve is not None
        with contextlib.suppress(ProcessLookupError):
            self.serve.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.serve.wait(), 20)
        except TimeoutError:
            await self.kill()  # it must not outlive the test that it hangs in
            raise

    async def kill(self) -> None:
        """kill -9; its executor notices that its input ended and ends by itself."""
        assert self.serve is not None
        with contextlib.suppress(ProcessLookupError):
            self.serve.kill()
        await self.serve.wait()

    def executor_pid(self) -> int:
        """The process id of the executor, the process beside serve that carries tools out."""
        assert self.serve is not None
        if isinstance(self.serve, Forked):
            return int((self.folder / PID_FILE).read_text())
        children = Path(f"/proc/{self.serve.pid}/task/{self.serve.pid}/children").read_text().split()
        commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in children}
        return next(pid for pid, command in commands.items() if b"executor" in command)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Stop the executor in its tracks: what is signed meanwhile starts only when the block has ended."""
        pid = self.executor_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def logged(self) -> str:
        """Everything that serve and its executor have logged."""
        path = self.folder / "serve.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def store_url(self) -> str:
        """Where the rows are: the environment's PostgreSQL, or the file in the folder."""
        given = self.environment.get("VIGIE_STORE_URL", "")
        return given or f"sqlite:///{self.folder / 'data' / 'vigie.sqlite'}"

    def documents(self) -> KnowledgeBase:
        """The knowledge base beside its owner."""
        url = self.environment.get("VIGIE_STORE_URL", "")
        return KnowledgeBase.open(self.folder / "data" / "knowledge", owner=False, url=url)

    @property
    def store(self) -> Store:
        """The rows of the running process."""
        if self._store is None:
            self._store = Store(open_engine(self.store_url))
        return self._store

    @contextlib.contextmanager
    def refusing(self, table: str, when: str = "1 = 1") -> Iterator[None]:
        """The table takes no new row, or none `when` that holds, as if the disk were full."""
        name = f"refuse_{table}"
        make, drop = f"CREATE TRIGGER {name} BEFORE INSERT ON {table}", f"DROP TRIGGER {name}"
        statements = [f"{make} WHEN {when} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"]
        if self.store_url.startswith("postgresql"):
            full = "$$BEGIN RAISE EXCEPTION 'the disk is full'; END$$"
            statements = [
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS {full}",
                f"{make} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()",
            ]
            drop = f"DROP FUNCTION {name} CASCADE"
        with self.store._engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))
        try:
            yield
        finally:
            with self.store._engine.begin() as connection:
                connection.execute(sa.text(drop))

    @contextlib.contextmanager
    def unwritable(self) -> Iterator[None]:
        """Nothing can be stored, reading goes on: no file of serve can grow, or its database is read-only."""
        if self.store_url.startswith("postgresql"):
            self._read_only("on")
            try:
                yield
            finally:
                self._read_only("off")
            return
        assert self.serve is not None
        limits = resource.prlimit(self.serve.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.prlimit(self.serve.pid, resource.RLIMIT_FSIZE, limits)

    def _read_only(self, switch: str) -> None:
        """Set it for every session of the database from now on, and cut those that are open."""
        engine = sa.create_engine(self.store_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = off")
            name = engine.url.database
            connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = {switch}")
            connection.exec_driver_sql(_CUT_OTHERS)
        engine.dispose()

    @contextlib.contextmanager
    def workflows_held(self) -> Iterator[None]:
        """Somebody else holds the lock on the workflow engine's rows: work is neither begun nor ended."""
        postgresql = self.store_url.startswith("postgresql")
        path = self.folder / "data" / "lifecycle.sqlite"
        engine = sa.create_engine(self.store_url if postgresql else f"sqlite:///{path}")
        with engine.connect() as connection:
            connection.exec_driver_sql(_HOLD_POSTGRESQL if postgresql else "BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.rollback()
        engine.dispose()

    async def until(self, what: str, look: Callable[[], T | None], seconds: float = 20) -> T:
        """Look again and again, ever more seldom, until it gives something."""
        end, pause = time.monotonic() + seconds, 0.03
        while True:
            found = look()
            if found is not None and found is not False:
                return found
            if not self.supervised and self.serve is not None and self.serve.returncode is not None:
                raise AssertionError(f"serve ended while waiting for {what}:\n{self.logged()[-3000:]}")
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds:g} s for {what}:\n{self.logged()[-3000:]}")
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, 0.15)
