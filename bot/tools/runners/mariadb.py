"""One statement on MariaDB: values are escaped by the driver, one transaction, a time limit on both sides."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import pymysql
from pymysql.connections import Connection

from bot.tools.runners.sql import Answer, Database, Failed, Query

_GRACE_S = 2.0


async def ask(database: Database, query: Query) -> Answer:
    """What the statement gives; the driver blocks, so it works in a thread, and is killed from outside.

    Raises:
        Failed: it could not be asked, failed, changed too many rows, or took too long.
    """
    try:
        connection = await asyncio.to_thread(_connect, database, query)
    except (pymysql.Error, OSError) as error:
        raise Failed(f"{database.host}: no connection: {_why(error)}") from None
    work = asyncio.create_task(asyncio.to_thread(_within, connection, query))
    try:
        async with asyncio.timeout(query.timeout_s + _GRACE_S):
            return await asyncio.shield(work)
    except TimeoutError:
        await _kill(database, query, connection, work)
        raise Failed(f"it did not end within {query.timeout_s:g} s; nothing was changed.") from None
    except asyncio.CancelledError:
        await asyncio.shield(_kill(database, query, connection, work))
        raise
    finally:
        with contextlib.suppress(pymysql.Error):
            connection.close()


def _connect(database: Database, query: Query) -> Connection[Any]:
    is_socket = database.host.startswith("/")
    encrypted = _tls(database) if database.tls != "off" and not is_socket else None
    return pymysql.connect(
        host=None if is_socket else database.host,
        unix_socket=database.host if is_socket else None,
        port=database.port,
        user=database.user,
        password=database.password,
        database=database.name,
        charset="utf8mb4",
        ssl=encrypted,
        ssl_disabled=encrypted is None,
        connect_timeout=max(1, int(query.timeout_s)),
        read_timeout=query.timeout_s + _GRACE_S,
        write_timeout=query.timeout_s + _GRACE_S,
        autocommit=False,
        local_infile=False,
        program_name="vigie",
        # A mode that we know: what the driver escapes is read as it means it.
        init_command=(
            f"SET SESSION max_statement_time={query.timeout_s:.3f}, sql_mode='STRICT_ALL_TABLES',"
            # Of the session, not of one transaction: a CREATE or DROP would begin another one by itself.
            f" sql_select_limit={query.max_rows + 1}, tx_read_only={int(_holds_still(query))}"
        ),
    )


def _holds_still(query: Query) -> bool:
    """Whether it is asked in a read-only transaction. MariaDB explains no change in one: there, as
    in all that only reads, nothing is ever committed.
    """
    return query.read_only and not query.statement.startswith("EXPLAIN ")


def _tls(database: Database) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=database.ca or None)
    if database.tls == "require":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _within(connection: Connection[Any], query: Query) -> Answer:
    """In one transaction, rolled back unless all of it was as declared."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("START TRANSACTION READ ONLY" if _holds_still(query) else "START TRANSACTION")
            cursor.execute(query.statement, dict(query.parameters))
            columns = [column[0] for column in cursor.description or ()]
            rows = list(cursor.fetchmany(query.max_rows + 1)) if columns else []
            changed = 0 if columns else max(0, cursor.rowcount)
        if changed > query.max_rows:
            why = f"it would change {changed} rows, and `max_rows` is {query.max_rows}; nothing was changed."
            raise Failed(why)
    except pymysql.Error as error:
        raise Failed(_why(error)) from None
    if not query.read_only:
        _commit(connection)
    return Answer(columns, rows, changed)


def _commit(connection: Connection[Any]) -> None:
    try:
        connection.commit()
    except pymysql.Error as error:
        raise Failed(f"its commit got no answer: {_why(error)}", undone=False) from None


async def _kill(
    database: Database, query: Query, connection: Connection[Any], work: asyncio.Task[Any]
) -> None:
    """End the connection from another one; the server rolls back what it did."""

    def kill() -> None:
        with contextlib.suppress(pymysql.Error, OSError):
            other = _connect(database, query)
            with contextlib.closing(other), other.cursor() as cursor:
                cursor.execute("KILL %s", (connection.thread_id(),))  # type: ignore[no-untyped-call]

    await asyncio.to_thread(kill)
    with contextlib.suppress(Failed, pymysql.Error, TimeoutError):
        async with asyncio.timeout(_GRACE_S):
            await asyncio.shield(work)


def _why(error: BaseException) -> str:
    """The server's own words, without the number before them."""
    text = str(error.args[1]) if len(error.args) > 1 else str(error) or type(error).__name__
    return f"{text.strip().rstrip('.')}."
