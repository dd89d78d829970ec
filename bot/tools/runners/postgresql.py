"""One statement on PostgreSQL: values bound by the server, one transaction, a time limit on both sides."""

from __future__ import annotations

import asyncio

import psycopg
from psycopg.rows import tuple_row

from bot.tools.runners.sql import Answer, Database, Failed, Query

_TLS = {"verify": "verify-full", "require": "require", "off": "disable"}


async def ask(database: Database, query: Query) -> Answer:
    """What the statement gives; what it changed is committed only if all of it was as declared.

    Raises:
        Failed: it could not be asked, failed, changed too many rows, or took too long.
    """
    try:
        async with asyncio.timeout(query.timeout_s):
            connection = await _connect(database, query)
    except (psycopg.Error, TimeoutError) as error:
        raise Failed(f"{database.host}: no connection: {_why(error)}") from None
    try:
        async with asyncio.timeout(query.timeout_s):
            answer = await _within(connection, query)
    except TimeoutError:
        raise Failed(f"it did not end within {query.timeout_s:g} s; nothing was changed.") from None
    except psycopg.Error as error:
        raise Failed(_why(error)) from None
    else:
        if not query.read_only:
            await _commit(connection, query.timeout_s)
        return answer
    finally:
        # Whatever was not committed is rolled back with its connection.
        await connection.close()


async def _connect(database: Database, query: Query) -> psycopg.AsyncConnection[tuple[object, ...]]:
    """With our own settings for all that libpq would take from the environment or from files."""
    milliseconds = max(1, int(query.timeout_s * 1000))
    connection = await psycopg.AsyncConnection.connect(
        host=database.host,
        hostaddr="",
        port=database.port,
        user=database.user,
        dbname=database.name,
        password=database.password or "-",
        sslmode=_TLS[database.tls] if not database.host.startswith("/") else "disable",
        sslrootcert=database.ca or ("system" if database.tls == "verify" else ""),
        sslcert="",
        sslkey="",
        gssencmode="disable",
        client_encoding="UTF8",
        application_name="vigie",
        connect_timeout=max(2, int(query.timeout_s)),
        options=f"-c statement_timeout={milliseconds} -c default_transaction_isolation=read\\ committed",
        row_factory=tuple_row,
    )
    await connection.set_read_only(query.read_only)
    return connection


async def _within(connection: psycopg.AsyncConnection[tuple[object, ...]], query: Query) -> Answer:
    """In a transaction that is still open afterwards."""
    async with connection.cursor() as cursor:
        # The values go beside the statement: the server binds them, and takes one statement alone. Without a
        # value the driver would send plain text, which may hold several, unless the statement is prepared.
        values = dict(query.parameters)
        await cursor.execute(query.statement.encode(), values, prepare=not values)
        columns = [column.name for column in cursor.description or ()]
        rows = await cursor.fetchmany(query.max_rows + 1) if columns else []
        changed = 0 if query.read_only else cursor.rowcount
    if changed > query.max_rows and not query.read_only:
        raise Failed(
            f"it would change {changed} rows, and `max_rows` is {query.max_rows}; nothing was changed."
        )
    return Answer(columns, rows, max(changed, 0))


async def _commit(connection: psycopg.AsyncConnection[tuple[object, ...]], timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await connection.commit()
    except (psycopg.OperationalError, TimeoutError) as error:
        raise Failed(f"its commit got no answer: {_why(error)}", undone=False) from None
    except psycopg.Error as error:
        raise Failed(_why(error)) from None


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long."
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{first.rstrip('.')}."
