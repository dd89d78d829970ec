"""A table whose rows are neither changed nor removed: the database itself refuses it.

Who owns the database can take this off again. It keeps out mistakes, and whoever may only write rows; the
hash chain and its signed heads show what was done by the others.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

_DEEDS = ("UPDATE", "DELETE")


def guard(connection: Connection, table: str) -> None:
    """From now on rows of the table are added, and nothing else; lost where the table is made anew."""
    message = f"{table} only grows: its rows are neither changed nor removed"
    if connection.dialect.name == "sqlite":
        for deed in _DEEDS:
            connection.execute(
                sa.text(
                    f"CREATE TRIGGER {_name(table, deed)} BEFORE {deed} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
                )
            )
        return
    connection.execute(
        sa.text(
            f"CREATE OR REPLACE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN RAISE EXCEPTION '{message}'; END$$"
        )
    )
    for deed in (*_DEEDS, "TRUNCATE"):
        each = "STATEMENT" if deed == "TRUNCATE" else "ROW"
        connection.execute(
            sa.text(
                f"CREATE TRIGGER {_name(table, deed)} BEFORE {deed} ON {table}"
                f" FOR EACH {each} EXECUTE FUNCTION {table}_only_grows()"
            )
        )


def unguard(connection: Connection, table: str) -> None:
    """Take it off again."""
    if connection.dialect.name == "sqlite":
        for deed in _DEEDS:
            connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {_name(table, deed)}"))
        return
    connection.execute(sa.text(f"DROP FUNCTION IF EXISTS {table}_only_grows() CASCADE"))


def _name(table: str, deed: str) -> str:
    return f"{table}_no_{deed.lower()}"
