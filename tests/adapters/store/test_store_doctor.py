"""What `vigie doctor` says of a database, and how a first start is told from a later one, on both engines."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.commands.doctor.check import Status
from bot.commands.doctor.host import judged
from bot.commands.doctor.start import is_first_start
from bot.settings import File, Settings
from bot.store.database import Store, open_engine
from bot.tools.in_force import CATALOGUE


def _at(url: str) -> Settings:
    """An installation whose rows and documents are at that URL."""
    return Settings(File(store_url=url), Path("/nowhere"), {})


def test_older_tables_are_a_failure_as_serve_refuses_them(ready_url: str) -> None:
    """The remedy is the command that changes them; nobody is told that a start would do it."""
    engine = open_engine(ready_url)
    with engine.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE vigie_version SET version_num = '0001'"))
    engine.dispose()
    result = judged(_at(ready_url))
    assert (result.status, "vigie migrate" in result.remedy) == (Status.FAILED, True)


def test_an_empty_database_is_fine_and_stays_empty(url: str) -> None:
    """Its tables are made at the first start; looking whether it can be written to leaves nothing behind."""
    for _ in range(2):
        result = judged(_at(url))
        assert (result.status, "first start" in result.found) == (Status.OK, True)
    engine = open_engine(url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_the_version_of_the_tables_is_told(ready_url: str) -> None:
    """Those of this Vigie are fine, those of a newer one are not."""
    result = judged(_at(ready_url))
    assert (result.status, "tables of this version" in result.found) == (Status.OK, True)
    engine = open_engine(ready_url)
    with engine.connect() as connection, connection.begin():
        connection.execute(sa.text("UPDATE vigie_version SET version_num = '9999'"))
    engine.dispose()
    assert (judged(_at(ready_url)).status, "newer Vigie" in judged(_at(ready_url)).found) == (
        Status.FAILED,
        True,
    )


def test_a_database_that_may_only_be_read_is_named(postgres_url: str) -> None:
    """A server that takes no writes, as a replica does not."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    name = postgres_url.rpartition("/")[2]
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    engine.dispose()
    result = judged(_at(postgres_url))
    assert (result.status, "postgresql cannot be opened and written to" in result.found) == (
        Status.FAILED,
        True,
    )


def test_the_first_start_is_over_once_a_catalogue_is_in_force(url: str, tmp_path: Path) -> None:
    """No tables and empty tables are a first start; a database that is away is none, the start says so."""
    settings = Settings(File(store_url=url), tmp_path, {})
    assert is_first_start(settings)
    store = Store.open(url)
    if not url.startswith("sqlite"):
        assert is_first_start(settings)
    with store.begin() as tx:
        tx.n3.adopt(CATALOGUE, "digest", "content")
    store.close()
    assert not is_first_start(settings)
    away = Settings(File(store_url="postgresql+psycopg://v@127.0.0.1:9/v"), tmp_path, {})
    assert not is_first_start(away)
