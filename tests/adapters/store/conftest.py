"""Both engines of the store: SQLite, and the PostgreSQL server that the tests share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.database import Store, open_engine, sqlite_url
from tests.postgresql import shared


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Each engine by its name."""
    return str(request.param)


@pytest.fixture
def url(engine_name: str, tmp_path: Path) -> str:
    """The URL of an empty database of each engine."""
    if engine_name == "sqlite":
        return sqlite_url(tmp_path / "vigie.sqlite")
    return shared().fresh()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables, to be copied."""
    path = tmp_path_factory.mktemp("store") / "migrated.sqlite"
    Store.open(sqlite_url(path)).close()
    return path


@pytest.fixture(scope="session")
def migrated_database() -> str:
    """The name of a PostgreSQL database with the tables, to be copied."""
    url = shared().fresh()
    Store.open(url).close()
    return url.rpartition("/")[2]


@pytest.fixture
def ready_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with its tables and no rows, of each engine."""
    if engine_name == "sqlite":
        path = tmp_path / "vigie.sqlite"
        shutil.copy(request.getfixturevalue("migrated"), path)
        return sqlite_url(path)
    return shared().fresh(request.getfixturevalue("migrated_database"))


@pytest.fixture
def store(ready_url: str) -> Iterator[Store]:
    """A store with its tables."""
    opened = Store(open_engine(ready_url))
    yield opened
    opened.close()


@pytest.fixture
def postgres_url() -> str:
    """The URL of an empty PostgreSQL database, for what only holds there."""
    return shared().fresh()
