"""The migrations make exactly the tables that the code uses, on both engines, beside what else is there."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from bot.errors import StoreTooNew
from bot.store import tables
from bot.store.database import Store, open_engine
from bot.store.migrate import MIGRATIONS, create_or_refuse, upgrade
from knowledge import migrations as knowledge_migrations
from knowledge import tables as knowledge_tables

HOUSES = {
    "store": (upgrade, tables.metadata, "vigie_version"),
    "knowledge": (
        knowledge_migrations.migrate,
        knowledge_tables.metadata,
        knowledge_migrations.VERSION_TABLE,
    ),
}


@pytest.mark.parametrize("house", HOUSES)
def test_migrations_give_exactly_the_tables_of_the_code(url: str, house: str) -> None:
    """Alembic finds no difference, in names, types, nullability, indices or keys."""
    migrate, metadata, version_table = HOUSES[house]
    engine = open_engine(url)
    migrate(engine)
    assert _difference(engine, metadata, version_table) == []
    engine.dispose()


@pytest.mark.parametrize("house", HOUSES)
def test_a_missing_column_is_seen(url: str, house: str) -> None:
    """The comparison above is no empty word: a column that only the code has is a difference."""
    migrate, metadata, version_table = HOUSES[house]
    engine = open_engine(url)
    migrate(engine)
    wider = sa.MetaData(naming_convention=metadata.naming_convention)
    for table in metadata.sorted_tables:
        table.to_metadata(wider)
    name = metadata.sorted_tables[0].name
    wider.tables[name].append_column(sa.Column("added_by_nobody", sa.Text))
    assert "added_by_nobody" in str(_difference(engine, wider, version_table))
    engine.dispose()


@pytest.mark.parametrize("house", HOUSES)
def test_a_second_start_changes_nothing(url: str, house: str) -> None:
    """Migrating again is allowed and keeps the rows."""
    migrate, metadata, version_table = HOUSES[house]
    engine = open_engine(url)
    migrate(engine)
    counter = {"store": tables.counters, "knowledge": knowledge_tables.state}[house]
    with engine.begin() as connection:
        connection.execute(sa.insert(counter).values(name="kept", value=7))
    migrate(engine)
    with engine.connect() as connection:
        kept = connection.execute(sa.select(counter.c.value).where(counter.c.name == "kept")).scalar_one()
    assert kept == 7
    assert _difference(engine, metadata, version_table) == []
    engine.dispose()


def test_a_store_of_the_first_version_keeps_its_rows(url: str) -> None:
    """Upgraded with an incident open and a message waiting, and taken back again: both are what they were."""
    engine = open_engine(url)
    _go(engine, "0001")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with engine.begin() as connection:
        incident = {"title": "Orders are stuck", "service": "shop", "environment": "prod", "severity": 3}
        incident |= {"state": "triggered", "opened_at": at, "changed_at": at}
        connection.execute(sa.insert(tables.incidents).values(incident))
        post = {"key": "incident:1", "channel": "incidents", "kind": "incident", "wanted_at": at}
        connection.execute(sa.insert(tables.posts).values(post))
    upgrade(engine)
    store = Store(engine)
    with store.read() as tx:
        assert [incident.title for incident in tx.incidents.open_now()] == ["Orders are stuck"]
        assert [post.key for post in tx.posts.unsent()] == ["incident:1"]
        assert tx.notices.unsent("e-mail") == [] and tx.heartbeat.last() is None
    _go(engine, "0001", back=True)
    assert not {"second_way", "heartbeat_out"} & set(sa.inspect(engine).get_table_names())
    store.close()


def _go(engine: sa.Engine, version: str, *, back: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if back else command.upgrade)(config, version)


_START = """
import sys
from bot.store.database import open_engine
from bot.store.migrate import MIGRATIONS, upgrade
from knowledge.migrations import migrate
engine = open_engine(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
upgrade(engine)
migrate(engine)
"""


def test_several_hosts_may_start_at_once_on_one_postgresql(postgres_url: str) -> None:
    """Three processes start at one moment on an empty PostgreSQL: each comes up, the tables are made once."""
    argv = [sys.executable, "-c", _START, postgres_url]
    hosts = [subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    for host in hosts:
        assert host.stdout is not None and host.stdout.readline() == b"ready\n"
    for host in hosts:
        assert host.stdin is not None
        host.stdin.write(b"\n")
        host.stdin.close()
    assert [host.wait(30) for host in hosts] == [0, 0, 0]
    engine = open_engine(postgres_url)
    for _, metadata, version_table in HOUSES.values():
        assert _difference(engine, metadata, version_table) == []
    engine.dispose()


def test_a_store_of_a_newer_version_is_refused(url: str) -> None:
    """Tables that a later Vigie has changed are left alone, with an error rather than a guess."""
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE vigie_version SET version_num = '9999'"))
    for way in (upgrade, create_or_refuse):
        with pytest.raises(StoreTooNew, match="9999"):
            way(engine)
    engine.dispose()


async def test_the_workflow_engine_may_share_the_database(postgres_url: str) -> None:
    """DBOS keeps its tables in a schema of its own beside ours, and ours stay as they are."""
    from dbos import DBOS

    store = Store.open(postgres_url)
    dbos = DBOS(
        config={
            "name": "vigie",
            "system_database_url": postgres_url,
            "application_version": "test",
            "executor_id": "test",
        }
    )
    try:
        DBOS.launch()
        engine = open_engine(postgres_url)
        schemas = sa.inspect(engine).get_schema_names()
        assert "dbos" in schemas
        assert _difference(engine, tables.metadata, "vigie_version") == []
        with store.begin() as tx:
            tx.audit.append("vigie", "wrote beside the engine", "store")
        engine.dispose()
    finally:
        DBOS.destroy()
        store.close()
    assert dbos is not None


def _difference(engine: sa.Engine, metadata: sa.MetaData, version_table: str) -> list[object]:
    def ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "table" or name in metadata.tables

    with engine.connect() as connection:
        options = {"version_table": version_table, "compare_type": True, "include_name": ours}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))
