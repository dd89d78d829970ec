"""A real PostgreSQL server for tests: started from Debian's package when first asked for, ended with them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "shared_buffers": "16MB",
}


@dataclass
class Postgres:
    """A server on a free port of loopback, its files in a folder that goes with it."""

    programs: Path
    # Below pytest's own folder nobody but its owner may look, and the server refuses to run as root.
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="vigie-postgres-")))
    port: int = 0
    _server: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://vigie@127.0.0.1:{self.port}/{database}"

    def fresh(self, template: str = "template0") -> str:
        """The URL of a new database, empty or a copy of `template`."""
        name = f"t{uuid.uuid4().hex}"
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        engine.dispose()
        return self.url(name)

    def create(self) -> None:
        """Make the cluster; who connects from this machine is believed."""
        if self._user:
            entry = pwd.getpwnam(self._user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        initdb = [str(self.programs / "initdb"), "-D", str(self.folder / "data"), "-U", "vigie"]
        subprocess.run(
            [*initdb, "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"],
            check=True,
            user=self._user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        arguments = [part for key, value in OPTIONS.items() for part in ("-c", f"{key}={value}")]
        with (self.folder / "log").open("ab") as lines:
            self._server = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), *arguments],
                user=self._user,
                cwd=self.folder,
                stdout=lines,
                stderr=lines,
            )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT is its "fast" shutdown, which cuts connections; SIGQUIT its "immediate" one."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(how)
            self._server.wait(20)

    def remove(self) -> None:
        """End it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder)

    @property
    def _user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None

    def _wait(self) -> None:
        engine = sa.create_engine(self.url("postgres"))
        end = time.monotonic() + 30
        while True:
            assert self._server is not None and self._server.poll() is None, self.logged()
            try:
                engine.connect().close()
                break
            except sa.exc.OperationalError:
                assert time.monotonic() < end, self.logged()
                time.sleep(0.05)
        engine.dispose()

    def logged(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def start() -> Postgres:
    """A server of one's own; end it with `remove`."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert programs, "PostgreSQL is missing: apt-get install postgresql"
    made = Postgres(programs[-1])
    made.create()
    made.start()
    return made


@contextlib.contextmanager
def server() -> Iterator[Postgres]:
    """A server for a block, for tests that end and restart it."""
    made = start()
    try:
        yield made
    finally:
        made.remove()


DEFAULT = {"store": "sqlite"}


def database(engine: str = "") -> dict[str, str]:
    """What a Vigie's environment needs for a new database of this engine, default: what `--store` says."""
    return {"VIGIE_STORE_URL": shared().fresh()} if (engine or DEFAULT["store"]) == "postgresql" else {}


_shared: list[Postgres] = []


def shared() -> Postgres:
    """The one server of this test process."""
    if not _shared:
        _shared.append(start())
    return _shared[0]


def end_shared() -> None:
    """End the shared server, if any test asked for it."""
    while _shared:
        _shared.pop().remove()
