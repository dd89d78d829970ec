"""Reads a backup: first all of it is checked, then its rows go into tables that hold none."""

from __future__ import annotations

import hashlib
import itertools
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.domain.records import AuditEvent
from bot.errors import BadInput, StoreNotEmpty
from bot.sign_off.audit import first_broken
from bot.store.backup import BATCH, FORMAT, MANIFEST, Held, Manifest, Part, name_of
from bot.store.houses import HOUSES, House, kind_of

_MAX_MANIFEST = 1_000_000


class Backup:
    """An opened backup file; `check` before anything is believed."""

    def __init__(self, file: Path) -> None:
        """Open it.

        Raises:
            BadInput: it cannot be read, or is no backup.
        """
        try:
            self._archive = zipfile.ZipFile(file)
            if self._archive.getinfo(MANIFEST).file_size > _MAX_MANIFEST:
                raise ValueError
            raw = json.loads(self._archive.read(MANIFEST))
            houses = {
                name: Held(held["revision"], [Part(**part) for part in held["parts"]])
                for name, held in raw["houses"].items()
            }
            self.manifest = Manifest(**{**raw, "houses": houses})
            _ = self.manifest.taken  # a time, or it is none of ours
        except OSError as error:
            raise BadInput(f"{file} cannot be read: {error.strerror}.") from None
        except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError):
            raise BadInput(f"{file} is not a backup of Vigie, or was cut off.") from None

    def __enter__(self) -> Backup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def check(self) -> None:
        """See that every part is whole, fits its tables, and that the audit chain holds.

        Raises:
            BadInput: one of these does not hold; the message names the part.
            StoreTooNew, KnowledgeTooNew: a newer Vigie wrote it.
        """
        manifest = self.manifest
        known = "store" in manifest.houses and manifest.houses.keys() <= HOUSES.keys()
        if manifest.format != FORMAT or not known:
            raise BadInput(f"The backup has format {manifest.format}; this Vigie reads {FORMAT}.")
        for name, held in manifest.houses.items():
            HOUSES[name].refuse_unknown(held.revision)
            self._check_tables(HOUSES[name], held)
            for part in held.parts:
                self._check_part(name, part)
        self._check_chain()
        self._check_adopted()

    def rows(self, house: str, part: Part) -> Iterator[dict[str, object]]:
        """The rows of one part as its table takes them."""
        names, kinds = [name for name, _ in part.columns], [kind for _, kind in part.columns]
        with self._archive.open(name_of(house, part.table)) as lines:
            for line in lines:
                values = [_value(kind, value) for kind, value in zip(kinds, json.loads(line), strict=True)]
                yield dict(zip(names, values, strict=True))

    def _check_tables(self, house: House, held: Held) -> None:
        shape = [
            (table.name, [[column.name, kind_of(column)] for column in table.columns])
            for table in house.shape(held.revision)
        ]
        if [(part.table, part.columns) for part in held.parts] != shape:
            raise BadInput(f"The backup's tables are not those of {house.name} revision {held.revision}.")

    def _check_part(self, house: str, part: Part) -> None:
        name, digest, rows, size = name_of(house, part.table), hashlib.sha256(), 0, 0
        try:
            with self._archive.open(name) as lines:
                for line in lines:
                    digest.update(line)
                    rows, size = rows + 1, size + len(line)
        except (KeyError, zipfile.BadZipFile, EOFError, OSError):
            raise BadInput(f"The backup is damaged: {name} cannot be read.") from None
        if (digest.hexdigest(), rows, size) != (part.sha256, part.rows, part.bytes):
            raise BadInput(f"The backup is damaged: {name} is not what its manifest says.")

    def _check_chain(self) -> None:
        head = ""

        def events() -> Iterator[AuditEvent]:
            nonlocal head
            for row in self._rows_of("store", "audit"):
                event = AuditEvent(**{**row, "at": datetime.fromisoformat(str(row["at"]))})  # type: ignore[arg-type]
                head = event.hash
                yield event

        broken = first_broken(events())
        if broken is not None:
            raise BadInput(f"The backup's audit chain is broken at event {broken[0]}: {broken[1]}.")
        if head != self.manifest.head:
            raise BadInput("The backup's audit chain does not end where its manifest says.")

    def _check_adopted(self) -> None:
        """Catalogue and policy decide what may run: none whose text is not the one under its digest."""
        for row in self._rows_of("store", "adopted"):
            if hashlib.sha256(str(row["content"]).encode()).hexdigest() != row["digest"]:
                raise BadInput(f"The backup's {row['what']} {row['id']} is not the text under its digest.")

    def _rows_of(self, house: str, table: str) -> Iterator[dict[str, object]]:
        for part in self.manifest.houses[house].parts:
            if part.table == table:
                yield from self.rows(house, part)


def refuse_rows(house: House, connection: Connection) -> None:
    """See that there are no tables, or only empty ones of this version.

    Raises:
        StoreNotEmpty: something is there.
        StoreTooNew, KnowledgeTooNew: another Vigie wrote the tables.
    """
    found = house.revision_of(connection)
    house.refuse_unknown(found)
    if found is None:
        return
    for table in house.shape(found):
        if table.name not in _COUNTERS and connection.execute(sa.select(table).limit(1)).first() is not None:
            raise StoreNotEmpty(f"({table.name} has rows)")


def load(backup: Backup, connections: Mapping[str, Connection]) -> None:
    """Make the tables as the backup has them, put its rows in, and bring both to this version."""
    for name, held in backup.manifest.houses.items():
        house, connection = HOUSES[name], connections[name]
        _drop(house, connection)
        house.upgrade_to(connection, held.revision)
        for table, part in zip(house.shape(held.revision), held.parts, strict=True):
            connection.execute(sa.delete(table))  # what a migration puts in is in the backup, too
            rows = backup.rows(name, part)
            while batch := list(itertools.islice(rows, BATCH)):
                connection.execute(sa.insert(table), batch)
            _count_on(table, connection)
        house.upgrade_to(connection, house.head)


# Tables that migrations fill, or that only count.
_COUNTERS = frozenset({"knowledge_state", "counters", "high_water"})


def _drop(house: House, connection: Connection) -> None:
    found = house.revision_of(connection)
    if found is not None:
        names = [*(t.name for t in house.shape(found)[::-1]), *house.left_out, house.version_table]
        for name in names:
            sa.Table(name, sa.MetaData()).drop(connection)


def _count_on(table: sa.Table, connection: Connection) -> None:
    """PostgreSQL counts ids by itself, and rows that bring their own do not move the count."""
    keys = list(table.primary_key.columns)
    if connection.dialect.name != "postgresql" or len(keys) != 1 or kind_of(keys[0]) != "integer":
        return
    sequence = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, keys[0].name)))
    newest = connection.scalar(sa.select(sa.func.max(keys[0])))
    if sequence and newest:
        connection.execute(sa.select(sa.func.setval(sequence, newest)))


def _value(kind: str, value: object) -> object:
    return date.fromisoformat(str(value)) if kind == "date" and value is not None else value
