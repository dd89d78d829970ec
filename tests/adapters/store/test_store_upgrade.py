"""From every revision there ever was to the newest: rows stay, the chain holds; a start is no upgrade."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.proposal import SignOff
from bot.errors import Misconfigured, StoreOutdated, StoreTooNew
from bot.sign_off.audit import GENESIS, first_broken, link
from bot.store import migrate
from bot.store.database import Store, open_engine, remaking, sqlite_url
from bot.store.houses import HOUSES, KNOWLEDGE, STORE, House
from bot.upgrading import steps, upgrade
from knowledge import migrations as knowledge_migrations
from knowledge.errors import KnowledgeOutdated, KnowledgeTooNew
from tests.adapters.store.build import BOB

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EVERY = [(house, revision) for house in (STORE, KNOWLEDGE) for revision in house.revisions()]


def test_the_knowledge_base_names_all_of_its_revisions() -> None:
    """What the code lists is what stands in the folder, so that none is forgotten."""
    folder = Path(knowledge_migrations.__file__).parent / "versions"
    assert [path.name[:4] for path in sorted(folder.glob("0*.py"))] == list(KNOWLEDGE.revisions())


def older(engine: sa.Engine, house: House, revision: str) -> None:
    """The tables as that revision made them, with a row where there can be one in every version."""
    with engine.connect() as connection, connection.begin():
        house.upgrade_to(connection, revision)
        tables = {table.name: table for table in house.shape(revision)}
        if house is KNOWLEDGE:
            connection.execute(sa.insert(tables["knowledge_state"]).values(name="kept", value=7))
            return
        hash_ = link(1, NOW, "vigie", "noted", "row", {"n": 1}, GENESIS)
        event = {"seq": 1, "at": f"{NOW:%Y-%m-%dT%H:%M:%S.%f}+00:00", "actor": "vigie", "action": "noted"}
        event |= {"subject": "row", "detail": {"n": 1}, "previous": GENESIS, "hash": hash_}
        connection.execute(sa.insert(tables["audit"]).values(**event))
        connection.execute(sa.insert(tables["counters"]).values(name="kept", value=7))


@pytest.mark.parametrize("house, revision", EVERY, ids=[f"{h.name}-{r}" for h, r in EVERY])
def test_every_revision_comes_to_the_newest(url: str, house: House, revision: str) -> None:
    """It is refused until it was migrated, then it is as if it had always been new, with its rows."""
    engine = open_engine(url)
    older(engine, house, revision)
    found = steps({house.name: engine})
    assert [step.revisions for step in found] == (
        [house.revisions()[house.revisions().index(revision) + 1 :]] if revision != house.head else []
    )
    opening = migrate.create_or_refuse if house is STORE else knowledge_migrations.create_or_refuse
    refused = pytest.raises((StoreOutdated, KnowledgeOutdated), match="vigie migrate")
    with refused if found else contextlib.nullcontext():
        opening(engine)
    for step in found:
        upgrade(engine, step, NOW)
    opening(engine)
    assert steps({house.name: engine}) == []
    counter = {"store": "counters", "knowledge": "knowledge_state"}[house.name]
    (table,) = [one for one in house.shape(house.head) if one.name == counter]
    with engine.connect() as connection:
        kept = sa.select(table.c.value).where(table.c.name == "kept")
        assert connection.scalar(kept) == 7
    if house is STORE:
        with Store(engine).read() as tx:
            events = list(tx.audit.events())
        assert first_broken(events) is None
        assert [event.action for event in events] == ["noted", *(["migrated"] if found else [])]
    engine.dispose()


@pytest.mark.parametrize("name", HOUSES)
def test_a_newer_version_is_left_alone(url: str, name: str) -> None:
    """Neither a start nor a migration touches what a later Vigie has made."""
    house, engine = HOUSES[name], open_engine(url)
    with engine.connect() as connection, connection.begin():
        house.upgrade_to(connection, house.head)
        connection.execute(sa.text(f"UPDATE {house.version_table} SET version_num = '9999'"))  # noqa: S608
    opening = migrate.create_or_refuse if house is STORE else knowledge_migrations.create_or_refuse
    for way in (lambda: opening(engine), lambda: steps({name: engine})):
        with pytest.raises((StoreTooNew, KnowledgeTooNew), match="newer Vigie"):
            way()
    engine.dispose()


def test_references_are_looked_after_again_once_tables_were_made_anew(url: str) -> None:
    """A connection that has migrated goes back to the pool, and refuses a row that refers to nothing."""
    engine = open_engine(url)
    migrate.upgrade(engine)
    store = Store(engine)
    for _ in range(2):
        with pytest.raises(sa.exc.IntegrityError), store.begin() as tx:
            tx.proposals.sign(SignOff(4711, BOB, "d" * 64, True, tx.now))
    engine.dispose()


def test_a_migration_that_would_leave_a_row_alone_is_taken_back(tmp_path: Path) -> None:
    """SQLite does not look while tables are made anew, so it is asked at the end; nothing was changed."""
    engine = open_engine(sqlite_url(tmp_path / "vigie.sqlite"))
    migrate.upgrade(engine)
    lone = "INSERT INTO diagnoses (incident_id, round, at, body) VALUES (4711, 1, 'x', '{}')"
    with pytest.raises(Misconfigured, match="diagnoses"), remaking(engine) as connection:
        connection.exec_driver_sql(lone)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM diagnoses").scalar() == 0
    engine.dispose()
