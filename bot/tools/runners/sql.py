"""Asks a database one statement of the catalogue, its values bound; a check cannot write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from urllib.parse import unquote, urlsplit

from bot.errors import ArgumentRefused
from bot.tools.runners.base import Emit, Output, RunResult, Secret, fitting_json

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a statement is asked: a host with its port, or a socket's path as the host."""

    kind: str
    host: str
    port: int
    user: str
    name: str
    password: str = field(repr=False)
    tls: str
    ca: str


@dataclass(frozen=True, slots=True)
class Query:
    """One statement as drivers take it, and the bounds that it runs within."""

    statement: str
    parameters: Mapping[str, object]
    read_only: bool
    max_rows: int
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave: columns and rows, one more than `max_rows` at most; how many rows it changed."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    changed: int = 0


class Failed(Exception):
    """The statement failed. `undone` says whether it is certain that it changed nothing."""

    def __init__(self, why: str, undone: bool = True) -> None:
        self.undone = undone
        super().__init__(why)


class SqlRunner:
    """The runner `sql`. Its output is JSON: `value` is the first column of the first row, `rows` are all."""

    def resolve(self, call: Mapping[str, object]) -> dict[str, object]:
        parts(str(call["database"]))
        parameters = call["parameters"]
        assert isinstance(parameters, Mapping)
        for name, value in parameters.items():
            if not isinstance(value, bool | int | float | str) or "\x00" in str(value):
                raise ArgumentRefused(f"{name}: its value is no plain text and no number.")
        return dict(call)

    async def run(
        self,
        resolved: Mapping[str, object],
        timeout_s: float,
        output_cap: int,
        secret: Secret,
        emit: Emit | None = None,
    ) -> RunResult:
        database = _database(resolved, secret)
        parameters = resolved["parameters"]
        assert isinstance(parameters, Mapping)
        max_rows = int(str(resolved["max_rows"]))
        query = Query(
            str(resolved["statement"]), parameters, bool(resolved["read_only"]), max_rows, timeout_s
        )
        try:
            answer = await _ask(database, query)
        except Failed as error:
            return RunResult(1 if error.undone else None, "", str(error))
        output = Output(output_cap, emit)
        output.add(fitting_json(_told(answer, max_rows), "rows", output_cap))
        return RunResult(0, output.text)


async def _ask(database: Database, query: Query) -> Answer:
    """By the driver of its kind, imported only where it is used."""
    if database.kind == "postgresql":
        from bot.tools.runners import postgresql

        return await postgresql.ask(database, query)
    try:
        from bot.tools.runners import mariadb
    except ImportError:
        raise Failed("the library pymysql is missing; install Vigie with its extra `mariadb`.") from None
    return await mariadb.ask(database, query)


def parts(url: str) -> tuple[str, str, int, str, str]:
    """Kind, host (or folder of a socket), port, user and name of a database.

    Raises:
        ArgumentRefused: it is not of the form `postgresql://user@host:port/name`.
    """
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        raise ArgumentRefused("database: it cannot be read as an address.") from None
    kind, name = split.scheme, split.path.removeprefix("/")
    written = split.netloc.rpartition("@")[2]
    host = unquote(written) if written[:3].lower() == "%2f" else split.hostname or ""
    if kind not in ("postgresql", "mariadb") or not host or split.query or split.fragment:
        raise ArgumentRefused("database: it is not of the form postgresql://user@host:5432/name.")
    if split.password is not None:
        raise ArgumentRefused("database: a password does not belong here; `password` names a secret.")
    user = split.username or ""
    if not _NAME.fullmatch(user) or not _NAME.fullmatch(name) or not url.isprintable():
        raise ArgumentRefused("database: it needs a user and a name, of letters, digits, _, . and -.")
    return kind, host, port or (5432 if kind == "postgresql" else 3306), user, name


def _database(resolved: Mapping[str, object], secret: Secret) -> Database:
    kind, host, port, user, name = parts(str(resolved["database"]))
    named = resolved.get("password")
    password = secret(str(named)) if named else ""
    return Database(kind, host, port, user, name, password, str(resolved["tls"]), str(resolved.get("ca", "")))


def _told(answer: Answer, max_rows: int) -> dict[str, object]:
    """The answer as JSON; that rows are missing is said."""
    rows = [dict(zip(answer.columns, map(_plain, row), strict=False)) for row in answer.rows[:max_rows]]
    told: dict[str, object] = {"rows": rows}
    if answer.rows and answer.rows[0]:
        told["value"] = _plain(answer.rows[0][0])
    if not answer.columns:
        told["changed"] = answer.changed
    if len(answer.rows) > max_rows:
        told["cut"] = f"only the first {max_rows} rows"
    return told


def _plain(value: object) -> object:
    """A column's value as JSON has it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        number = float(value)
        return str(value) if number != number or abs(number) == float("inf") else _whole(number)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
