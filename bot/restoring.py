"""Puts a backup back: rows in, old sign-offs void, the chain seen to hold; all of it or nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy.engine import Connection, Engine

from bot.errors import BadInput
from bot.sign_off.audit import first_broken
from bot.store.database import remaking, writing
from bot.store.houses import HOUSES
from bot.store.restore import Backup, load, refuse_rows
from bot.voiding import Voided, void


def restore(
    backup: Backup,
    engines: Mapping[str, Engine],
    now: datetime,
    head_seen: Mapping[str, object] | None = None,
) -> Voided:
    """Restore a checked backup into empty houses, each under its engine.

    `head_seen` is the newest signed head from before, so that what is lost is known for what it is.

    Raises:
        StoreNotEmpty: a house holds something.
        BadInput: the chain does not hold once it is back.
    """
    with _transactions(engines) as connections:
        for name in backup.manifest.houses:
            refuse_rows(HOUSES[name], connections[name])
        load(backup, connections)
        tx = writing(connections["store"], now)
        voided = void(tx, backup.manifest.taken, backup.manifest.head, head_seen)
        broken = first_broken(tx.audit.events())
        if broken is not None:
            raise BadInput(f"The audit chain breaks at event {broken[0]}: {broken[1]}; nothing was restored.")
    return voided


def refuse_unless_empty(backup: Backup, engines: Mapping[str, Engine]) -> None:
    """Look whether the backup could go in, and change nothing.

    Raises:
        StoreNotEmpty: a house holds something.
    """
    for name in backup.manifest.houses.keys() & engines.keys():
        with engines[name].connect().execution_options(vigie_reading=True) as connection:
            refuse_rows(HOUSES[name], connection)


@contextlib.contextmanager
def _transactions(engines: Mapping[str, Engine]) -> Iterator[dict[str, Connection]]:
    """One writing transaction for each database; the store's is committed last."""
    by_engine: dict[Engine, Connection] = {}
    with contextlib.ExitStack() as stack:
        for engine in engines.values():
            if engine not in by_engine:
                by_engine[engine] = stack.enter_context(remaking(engine))
        yield {name: by_engine[engine] for name, engine in engines.items()}
