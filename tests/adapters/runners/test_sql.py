"""The sql runner against a real PostgreSQL and a real MariaDB: values are bound, a check cannot write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.errors import ArgumentRefused
from bot.tools.runners import RUNNERS
from bot.tools.runners.base import RunResult
from bot.tools.runs import SqlRun
from bot.tools.runs.statements import bound
from bot.tools.secrets import Secrets
from tests import mariadb, postgresql
from tests.mariadb import MariaDb

SQL = RUNNERS["sql"]
PASSWORD = "p4ss'word\"%77"


@dataclass
class Target:
    """A database with a table of orders, and who may write into it."""

    url: str
    slow: str

    async def run(self, statement: str, *, read_only: bool = True, **given: object) -> RunResult:
        """A statement of the catalogue with these values in its holes."""
        options = {name: given.pop(name) for name in ("max_rows", "timeout_s", "cap") if name in given}
        text, parameters = bound(statement)
        call: dict[str, Any] = {
            "database": self.url,
            "statement": text,
            "parameters": {name: given[name] for name in parameters},
            "read_only": read_only,
            "max_rows": options.get("max_rows", 100),
            "tls": "off",
            "password": "DB_PASSWORD",
        }
        secrets = Secrets({"DB_PASSWORD": PASSWORD})
        timeout_s, cap = options.get("timeout_s", 10), options.get("cap", 10_000)
        return await SQL.run(SQL.resolve(call), timeout_s, cap, secrets.get)  # type: ignore[arg-type]

    async def states(self) -> list[str]:
        read = await self.run("SELECT state FROM orders ORDER BY id")
        return [row["state"] for row in json.loads(read.output)["rows"]]


@pytest.fixture(scope="module")
def maria() -> Iterator[MariaDb]:
    server = mariadb.start()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
        cursor.execute("CREATE USER vigie@'%%' IDENTIFIED BY %s", (PASSWORD,))
        cursor.execute("GRANT ALL ON shop.* TO vigie@'%'")
    yield server
    server.remove()


def postgres_target() -> Target:
    fresh = postgresql.shared().fresh()
    return Target(fresh.replace("postgresql+psycopg", "postgresql"), "SELECT pg_sleep(30)")


@pytest.fixture(params=["postgresql", "mariadb"])
async def target(request: pytest.FixtureRequest, maria: MariaDb) -> Target:
    """Each in turn, with the same two orders."""
    if request.param == "postgresql":
        made = postgres_target()
    else:
        made = Target(f"mariadb://vigie@127.0.0.1:{maria.port}/shop", "SELECT SLEEP(30)")
        await made.run("DROP TABLE IF EXISTS orders", read_only=False)
    kind = " ENGINE=InnoDB" if request.param == "mariadb" else ""
    await made.run(
        f"CREATE TABLE orders (id INTEGER, state VARCHAR(80), price NUMERIC(8, 2)){kind}", read_only=False
    )
    fill = "INSERT INTO orders VALUES (1, 'waiting', 9.50), (2, 'waiting', 12)"
    assert (await made.run(fill, read_only=False)).ok
    return made


async def test_a_check_reads_a_value(target: Target) -> None:
    """The first column of the first row is the value; rows come with their names, numbers as numbers."""
    count = await target.run("SELECT count(*) FROM orders WHERE state = {state}", state="waiting")
    assert json.loads(count.output)["value"] == 2
    rows = json.loads((await target.run("SELECT id, price, NULL AS gone FROM orders ORDER BY id")).output)[
        "rows"
    ]
    assert rows == [{"id": 1, "price": 9.5, "gone": None}, {"id": 2, "price": 12, "gone": None}]
    nothing = json.loads((await target.run("SELECT id FROM orders WHERE id = {id}", id=9)).output)
    assert nothing == {"rows": []}


@pytest.mark.parametrize(
    "value",
    [
        "' OR '1'='1",
        "waiting'; DROP TABLE orders; --",
        "\\' OR 1=1 -- ",
        "waiting\\",
        '" OR ""="',
        "%(state)s",
        "%s %% %",
        "é\u2028日本",
        "{state}",
    ],
)
async def test_a_value_is_only_a_value(target: Target, value: str) -> None:
    """Whatever a database would act on finds what is spelled like it, and nothing else."""
    statement = "SELECT count(*) FROM orders WHERE state = {state}"
    assert json.loads((await target.run(statement, state=value)).output)["value"] == 0
    update = "UPDATE orders SET state = {state} WHERE id = {id}"
    assert json.loads((await target.run(update, read_only=False, state=value, id=1)).output)["changed"] == 1
    assert await target.states() == [value, "waiting"]
    assert json.loads((await target.run(statement, state=value)).output)["value"] == 1


async def test_percent_signs_of_the_catalogue_are_plain(target: Target) -> None:
    """With values and without."""
    assert (
        json.loads((await target.run("SELECT count(*) FROM orders WHERE state LIKE 'wait%'")).output)["value"]
        == 2
    )
    like = "SELECT count(*) FROM orders WHERE state LIKE 'wait%' AND id = {id}"
    assert json.loads((await target.run(like, id=2)).output)["value"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET state = 'gone'",
        "DELETE FROM orders",
        "INSERT INTO orders VALUES (3, 'more', 1)",
        "CREATE TABLE other (id INTEGER)",
        "DROP TABLE orders",
        "SELECT id FROM orders FOR UPDATE",
    ],
)
async def test_a_check_cannot_write(target: Target, statement: str) -> None:
    """The transaction is read-only: the database itself refuses, whatever the catalogue let pass."""
    result = await target.run(statement)
    # MariaDB lets a lock be taken; it goes with the transaction, and nothing is written.
    is_lock = "FOR UPDATE" in statement and target.url.startswith("mariadb")
    assert is_lock or (result.exit_code == 1 and "read" in result.problem.lower()), result
    assert (await target.run("SELECT count(*) FROM other")).exit_code == 1
    assert await target.states() == ["waiting", "waiting"]


async def test_a_common_table_that_writes_is_refused(target: Target) -> None:
    """PostgreSQL would carry it out within a SELECT."""
    statement = "WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone"
    assert (await target.run(statement)).exit_code == 1
    assert await target.states() == ["waiting", "waiting"]


async def test_one_statement_is_all(target: Target) -> None:
    """Two in one text are refused by the database, too, and neither is carried out."""
    result = await target.run("SELECT 1; DELETE FROM orders", read_only=False)
    assert result.exit_code == 1
    assert await target.states() == ["waiting", "waiting"]


async def test_an_action_changes_what_it_says(target: Target) -> None:
    """And tells how many rows."""
    result = await target.run("UPDATE orders SET state = 'sent'", read_only=False)
    assert (result.exit_code, json.loads(result.output)) == (0, {"rows": [], "changed": 2})
    assert await target.states() == ["sent", "sent"]


async def test_a_dry_run_explains_and_changes_nothing(target: Target) -> None:
    """EXPLAIN of a change is answered by both; so is a SELECT with the same WHERE. Nothing is written."""
    entry = {
        "runner": "sql",
        "database": target.url,
        "statement": "UPDATE orders SET state = 'x' WHERE id = {id}",
    }
    for dry_run in ("explain", "SELECT count(*) FROM orders WHERE id = {id}"):
        dry = SqlRun.model_validate({**entry, "dry_run": dry_run}).dry_call()
        assert dry is not None
        assert dry["read_only"] is True
        call = {**dry, "parameters": {"id": 1}, "password": "DB_PASSWORD", "tls": "off"}
        result = await SQL.run(SQL.resolve(call), 10, 10_000, Secrets({"DB_PASSWORD": PASSWORD}).get)
        assert result.ok, result.problem
        assert json.loads(result.output)["rows"]
    assert await target.states() == ["waiting", "waiting"]


async def test_more_rows_than_declared_are_not_changed(target: Target) -> None:
    """All is taken back, and it is known that nothing took effect."""
    result = await target.run("UPDATE orders SET state = 'sent'", read_only=False, max_rows=1)
    assert (result.exit_code, result.ok) == (1, False)
    assert result.problem == "it would change 2 rows, and `max_rows` is 1; nothing was changed."
    assert await target.states() == ["waiting", "waiting"]


async def test_rows_are_capped(target: Target) -> None:
    """By number and by bytes; that some are missing is said, and it is JSON all the same."""
    few = json.loads((await target.run("SELECT id FROM orders ORDER BY id", max_rows=1)).output)
    assert few == {"value": 1, "rows": [{"id": 1}], "cut": "only the first 1 rows"}
    wide = "SELECT a.id, {words} AS words FROM orders a, orders b, orders c, orders d"
    small = json.loads((await target.run(wide, words="x" * 60, cap=300)).output)
    assert len(small["rows"]) < 16
    assert small["cut"] == f"only the first {len(small['rows'])} of rows"


async def test_a_statement_that_takes_too_long_is_ended(target: Target) -> None:
    """There, too: nobody runs it any more afterwards."""
    result = await target.run(target.slow, timeout_s=0.5)
    assert (result.exit_code, result.ok) == (1, False) or '"value": 1' in result.output
    await ended(target)


async def test_a_cancelled_statement_is_ended(target: Target) -> None:
    """Stop means stop in the database, too."""
    task = asyncio.create_task(target.run(target.slow, timeout_s=60))
    async with asyncio.timeout(20):
        while not await running(target):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ended(target)


async def running(target: Target) -> int:
    """How many of the slow statements the database runs now."""
    if target.url.startswith("postgresql"):
        count = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = {q}"
    else:
        count = "SELECT count(*) FROM information_schema.processlist WHERE info = {q}"
    return int(json.loads((await target.run(count, q=target.slow)).output)["value"])


async def ended(target: Target) -> None:
    async with asyncio.timeout(20):
        while await running(target):
            await asyncio.sleep(0.02)


async def test_what_the_database_says_is_told(target: Target) -> None:
    """A table that is not there, and nobody at all: both failed without effect."""
    result = await target.run("SELECT id FROM nowhere")
    assert (result.exit_code, "nowhere" in result.problem) == (1, True)
    away = Target(target.url.replace("127.0.0.1", "127.0.0.2").rpartition(":")[0] + ":1/x", "")
    assert "no connection" in (await away.run("SELECT 1")).problem


async def test_the_password_is_right_and_shown_nowhere(maria: MariaDb) -> None:
    """It is the secret of that name; another one is refused, and no error repeats it."""
    target = Target(f"mariadb://vigie@127.0.0.1:{maria.port}/shop", "")
    assert (await target.run("SELECT 1")).ok
    stranger = Target(f"mariadb://stranger@127.0.0.1:{maria.port}/shop", "")
    result = await stranger.run("SELECT 1")
    assert "Access denied" in result.problem
    assert PASSWORD not in result.problem + result.output


async def test_nothing_of_the_environment_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of libpq choose neither host nor password nor options."""
    target = postgres_target()
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.9")
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert (await target.run("CREATE TABLE mine (id INTEGER)", read_only=False)).ok


async def test_a_server_that_cannot_prove_itself_is_not_believed(maria: MariaDb) -> None:
    """`tls: verify` is the default: without a certificate that we trust nothing is sent."""
    pg = postgres_target().url
    for url in (pg, f"mariadb://vigie@127.0.0.1:{maria.port}/shop"):
        for tls in ("verify", "require"):
            call = {"database": url, "statement": "SELECT 1", "parameters": {}, "read_only": True}
            resolved = SQL.resolve(call | {"max_rows": 1, "tls": tls})
            assert "no connection" in (await SQL.run(resolved, 5, 1000, Secrets({}).get)).problem


async def test_a_socket_is_a_host(maria: MariaDb) -> None:
    """Its path is written percent-encoded, as libpq has it."""
    path = str(maria.socket).replace("/", "%2F")
    assert (await Target(f"mariadb://vigie@{path}/shop", "").run("SELECT 1")).ok


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://vigie:secret@h/x",
        "postgresql://h/x",
        "postgresql://vigie@h/",
        "postgresql://vigie@/x",
        "postgresql://vigie@h/x?host=evil",
        "postgresql://vigie@h/x#y",
        "postgresql://vigie@h:port/x",
        "postgresql://vi gie@h/x",
        "postgresql://vigie@h/a b",
        "mysql://vigie@h/x",
        "",
    ],
)
def test_a_database_that_could_be_another_is_refused(database: str) -> None:
    """Passwords, options, missing parts and other kinds."""
    with pytest.raises(ArgumentRefused, match="database: ") as refused:
        SQL.resolve({"database": database, "statement": "SELECT 1", "parameters": {}})
    assert "secret@" not in str(refused.value)
