"""Both engines of the store: SQLite, and a PostgreSQL server that is started once and ends with the tests."""

from __future__ import annotations

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
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import Store, open_engine, sqlite_url


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    port: int

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


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Debian's PostgreSQL on a free port of loopback, its files in a folder that goes with it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert programs, "PostgreSQL is missing: apt-get install postgresql"
    # Below pytest's own folder nobody but its owner may look, and the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="vigie-postgres-"))
    try:
        yield from _serve(programs[-1], folder)
    finally:
        shutil.rmtree(folder)


def _serve(programs: Path, folder: Path) -> Iterator[Postgres]:
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data, log = folder / "data", folder / "log"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "vigie", "-A", "trust", "-E", "UTF8"]
    subprocess.run(
        [*initdb, "--no-sync", "--locale=C.UTF-8"],
        check=True,
        user=user,
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "16MB",
    }
    arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    with log.open("wb") as lines:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), *arguments],
            user=user,
            cwd=folder,
            stdout=lines,
            stderr=lines,
        )
    try:
        _wait(Postgres(port), server, log)
        yield Postgres(port)
    finally:
        server.send_signal(signal.SIGINT)  # its "fast" shutdown: connections are cut, nothing is left behind
        server.wait(20)


def _wait(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> None:
    engine = sa.create_engine(postgres.url("postgres"))
    end = time.monotonic() + 30
    while True:
        assert server.poll() is None, log.read_text()
        try:
            engine.connect().close()
            break
        except sa.exc.OperationalError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine by its name."""
    return str(request.param)


@pytest.fixture
def url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each engine."""
    if engine_name == "sqlite":
        return sqlite_url(tmp_path / "vigie.sqlite")
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables, to be copied."""
    path = tmp_path_factory.mktemp("store") / "migrated.sqlite"
    Store.open(sqlite_url(path)).close()
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> str:
    """The name of a PostgreSQL database with the tables, to be copied."""
    url = postgres.fresh()
    Store.open(url).close()
    return url.rpartition("/")[2]


@pytest.fixture
def ready_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with its tables and no rows, of each engine."""
    if engine_name == "sqlite":
        path = tmp_path / "vigie.sqlite"
        shutil.copy(request.getfixturevalue("migrated"), path)
        return sqlite_url(path)
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh(request.getfixturevalue("migrated_database"))


@pytest.fixture
def store(ready_url: str) -> Iterator[Store]:
    """A store with its tables."""
    opened = Store(open_engine(ready_url))
    yield opened
    opened.close()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """The URL of an empty PostgreSQL database, for what only holds there."""
    return postgres.fresh()
