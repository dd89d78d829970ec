"""The whole of Vigie on PostgreSQL: the story, a kill, a second `serve`, and a server that goes away."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.domain.proposal import ProposalState
from bot.sign_off.audit import first_broken
from bot.store import tables
from bot.store.database import open_engine
from bot.store.ownership import SERVE, Ownership
from tests.acceptance.vigie_command import vigie as command
from tests.crash import play
from tests.postgresql import Postgres, server
from tests.world import CHANNEL, N3_A, ON_CALL, World, world, write_config

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.fault
@pytest.mark.timeout(240)
async def test_the_story_from_alert_to_learned_survives_a_kill(tmp_path: Path) -> None:
    """Killed between the action and its record: one incident, each message once, one document learned."""
    played = await play(tmp_path / "world", "executor tool done#1", store="postgresql")
    assert played.reached
    assert not played.problems


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mortal() -> AsyncIterator[Postgres]:
    """A server that may be stopped."""
    with server() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vigie(mortal: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A Vigie on that server."""
    url = {"VIGIE_STORE_URL": mortal.fresh()}
    async with world(tmp_path_factory.mktemp("vigie"), environment=url, store="sqlite", start=False) as made:
        # Documents are where the rows are.
        assert {document.id for document in made.documents().documents()}
        await made.start()
        yield made


async def test_everything_is_in_the_one_database(vigie: World) -> None:
    """Rows, documents, and the workflows in a schema of their own; no SQLite file of ours in the folder."""
    engine = vigie.store._engine
    assert {"incidents", "audit", "knowledge_documents"} <= set(sa.inspect(engine).get_table_names())
    await vigie.until("its schema", lambda: "dbos" in sa.inspect(engine).get_schema_names() or None)
    assert [path.name for path in (vigie.folder / "data").rglob("*.sqlite")] == []


async def test_a_second_serve_on_the_database_is_refused(vigie: World, tmp_path: Path) -> None:
    """From another folder, as from another host: exit 2 and one sentence; the first goes on."""
    write_config(tmp_path)
    ran = await command(vigie, "serve", config=tmp_path / "vigie.toml")
    assert ran.code == 2
    assert "database" in ran.sentence and "127.0.0.1" in ran.sentence
    assert await vigie.fire(vigie.alert(vigie.break_target())) == ["opened"]


async def test_a_password_is_never_told(vigie: World, mortal: Postgres, tmp_path: Path) -> None:
    """A database that is not there is named by host and name, without user or password; exit 1: try again."""
    write_config(tmp_path)
    url = f"postgresql://vigie:hunter2secret@127.0.0.1:{mortal.port}/nowhere"
    ran = await command(vigie, "serve", config=tmp_path / "vigie.toml", environment={"VIGIE_STORE_URL": url})
    assert ran.code == 1
    assert "nowhere" in ran.sentence and "hunter2secret" not in ran.err


@pytest.mark.fault
async def test_while_the_server_is_away_no_alert_is_acknowledged(vigie: World, mortal: Postgres) -> None:
    """503 with Retry-After, a click is told why; once it is back the alert is taken in, and all goes on."""
    earlier = await vigie.incident(vigie.break_target())
    diagnosis = await vigie.message(f"incident:{earlier.id}:diagnosis")
    service = vigie.break_target()
    mortal.stop()
    try:
        assert await _refused(vigie, service) == ("503", "5")
        assert (await vigie.get("/health"))[0] == 503
        assert (await vigie.get("/metrics"))[0] == 503
        await vigie.place.click(ON_CALL.id, CHANNEL, diagnosis["ts"], "propose")
        told = (await vigie.until("the refusal", lambda: vigie.told(ON_CALL) or None))[-1]
        assert "The store does not answer now" in told and "127.0.0.1" not in told
        await vigie.until("the loss noticed", lambda: "the database is lost" in vigie.logged() or None)
    finally:
        mortal.start()
    await _healthy(vigie)
    incident = await vigie.incident(service)
    proposal = await vigie.propose(incident)
    assert (await vigie.sign(N3_A, proposal)).ok
    assert (await vigie.over(proposal)).state is ProposalState.SUCCEEDED
    assert len(vigie.ledger(service)) == 1
    alerts = [row.fingerprint for row in vigie.rows(sa.select(tables.alerts)) if service in str(row.body)]
    assert len(alerts) == 1


@pytest.mark.fault
async def test_an_action_that_ends_while_the_server_is_away_is_recorded(
    vigie: World, mortal: Postgres
) -> None:
    """It ran once, nobody repeats it, and how it ended is written when the server is back."""
    service = vigie.break_target(slow_s=2)
    proposal = await vigie.propose(await vigie.incident(service))
    assert (await vigie.sign(N3_A, proposal)).ok
    await vigie.until("the run", lambda: vigie.ledger(service) or None)
    mortal.stop()
    await asyncio.sleep(3)  # the action ends, and nobody can say so
    mortal.start()
    ended = await vigie.over(proposal)
    assert ended.state is ProposalState.SUCCEEDED
    assert len(vigie.ledger(service)) == 1
    with vigie.store.read() as tx:
        assert first_broken(tx.audit.events()) is None


@pytest.mark.fault
async def test_a_serve_that_lost_its_database_to_another_ends(vigie: World) -> None:
    """Its connection is cut and somebody else takes the lock first: exit 2, and it says why."""
    assert vigie.serve is not None
    engine = open_engine(vigie.store_url)
    vigie.serve.send_signal(signal.SIGSTOP)  # it cannot look before somebody else does
    _cut(engine)
    with Ownership(engine):
        vigie.serve.send_signal(signal.SIGCONT)
        assert await asyncio.wait_for(vigie.serve.wait(), 20) == 2
    assert "Another `vigie serve` works on this database" in vigie.logged()
    engine.dispose()
    await vigie.start()
    assert await vigie.fire(vigie.alert(vigie.break_target())) == ["opened"]


@pytest.mark.fault
async def test_it_ends_in_order_while_the_server_is_away(vigie: World, mortal: Postgres) -> None:
    """SIGTERM is heard all the same: exit 0."""
    await vigie.incident(vigie.break_target())  # everything has started
    mortal.stop()
    try:
        assert await vigie.stop() == 0
    finally:
        mortal.start()


def _cut(engine: sa.Engine) -> None:
    """End the connection that holds the lock of `serve`."""
    lock = sa.table("pg_locks", sa.column("pid"), sa.column("locktype"), sa.column("objid"))
    held = sa.select(sa.func.pg_terminate_backend(lock.c.pid))
    with engine.begin() as connection:
        held = held.where(lock.c.locktype == "advisory", lock.c.objid == SERVE)
        assert connection.execute(held).scalars().all() == [True]


async def _refused(vigie: World, service: str) -> tuple[str, str]:
    """The status of one delivery, and when to come again."""
    body = {"version": "4", "status": "firing", "alerts": [vigie.alert(service)]}
    url = f"http://127.0.0.1:{vigie.port}/alerts/alertmanager"
    headers = {"Authorization": f"Bearer {vigie.token}"}
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.post(url, json=body, headers=headers) as answer,
    ):
        return str(answer.status), answer.headers.get("Retry-After", "")


async def _healthy(vigie: World) -> None:
    async with asyncio.timeout(20):
        while (await vigie.get("/health"))[0] != 200:
            await asyncio.sleep(0.1)
