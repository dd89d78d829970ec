"""A backup: one compressed file with the rows of every table as JSON lines, whatever the engine.

`manifest.json` stands last in it and names each part with its rows, bytes and sha256. Tokens and secrets are
no rows, so none is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bot.errors import BadInput
from bot.store.houses import HOUSES, House, kind_of

FORMAT = 1
MANIFEST = "manifest.json"
BATCH = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One table: its rows as JSON lists, one a line, in the order of `columns` ([name, kind] each)."""

    table: str
    columns: list[list[str]]
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a backup holds of one set of tables."""

    revision: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `head` is the hash of the newest audit event."""

    format: int
    vigie: str
    taken_at: str
    head: str
    houses: dict[str, Held]

    @property
    def taken(self) -> str:
        """When it was made, for people."""
        return f"{datetime.fromisoformat(self.taken_at).astimezone(UTC):%Y-%m-%d %H:%M UTC}"

    @property
    def rows(self) -> int:
        return sum(part.rows for held in self.houses.values() for part in held.parts)


def write(engines: Mapping[str, Engine], file: Path, version: str, now: datetime) -> Manifest:
    """Write a backup of the houses that these engines hold; one moment of each, while others write.

    Raises:
        BadInput: `file` is there already, or cannot be written.
        StoreTooNew, KnowledgeTooNew: another Vigie wrote the tables.
    """
    if file.exists():
        raise BadInput(f"{file} is there already, and a backup overwrites nothing; name another file.")
    partial = file.with_name(f".{file.name}.partial-{os.getpid()}")
    try:
        with contextlib.ExitStack() as undone:
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            undone.callback(partial.unlink, missing_ok=True)
            with os.fdopen(descriptor, "wb") as raw:
                with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
                    manifest = _write(archive, engines, version, now)
                raw.flush()
                os.fsync(raw.fileno())
            partial.rename(file)
            undone.pop_all()
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}.") from None
    return manifest


def _write(archive: zipfile.ZipFile, engines: Mapping[str, Engine], version: str, now: datetime) -> Manifest:
    held: dict[str, Held] = {}
    head = ""
    with contextlib.ExitStack() as stack:
        # One connection where both are in one database, so that they are of one moment. The store is read
        # first: a document may be there before its summary says so, never the other way round.
        connections: dict[Engine, Connection] = {}
        for name, engine in engines.items():
            if engine not in connections:
                connections[engine] = stack.enter_context(_reading(engine))
            house, connection = HOUSES[name], connections[engine]
            revision = house.revision_of(connection)
            house.refuse_unknown(revision)
            if revision is None:
                continue
            parts = [_write_part(archive, house, table, connection) for table in house.shape(revision)]
            held[name] = Held(revision, parts)
            head = head or _head(connection)
    manifest = Manifest(FORMAT, version, now.isoformat(), head, held)
    archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


def _write_part(archive: zipfile.ZipFile, house: House, table: sa.Table, connection: Connection) -> Part:
    digest, rows, size = hashlib.sha256(), 0, 0
    query = sa.select(table).order_by(*table.primary_key.columns)
    with archive.open(name_of(house.name, table.name), "w", force_zip64=True) as out:
        found = connection.execution_options(yield_per=BATCH).execute(query)
        for row in found:
            line = json.dumps([_plain(value) for value in row], separators=(",", ":")).encode() + b"\n"
            out.write(line)
            digest.update(line)
            rows, size = rows + 1, size + len(line)
    columns = [[column.name, kind_of(column)] for column in table.columns]
    return Part(table.name, columns, rows, size, digest.hexdigest())


def name_of(house: str, table: str) -> str:
    """The name of a part within the file."""
    return f"{house}/{table}.jsonl"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _head(connection: Connection) -> str:
    audit = sa.table("audit", sa.column("seq"), sa.column("hash"))
    found = connection.scalar(sa.select(audit.c.hash).order_by(audit.c.seq.desc()).limit(1))
    return str(found or "")


@contextlib.contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    options: dict[str, object] = {"vigie_reading": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection
