"""Opens the store of an installation for a command, where there is one."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Engine

from bot.errors import BadInput
from bot.settings import Settings
from bot.store.database import answering, open_engine
from bot.store.migrate import revision_of


def existing(settings: Settings) -> Engine:
    """The store's engine.

    Raises:
        BadInput: nothing was ever stored there.
        StoreUnavailable: the database does not answer.
    """
    engine = open_engine(settings.store_url)
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file is None or Path(file).exists():  # a look alone must not make the file
        with answering(engine), engine.connect() as connection:
            if revision_of(connection) is not None:
                return engine
    raise BadInput(f"There is no store yet ({where(settings)}); start `vigie serve` once.")


def where(settings: Settings) -> str:
    """Where the store is, without a password."""
    url = open_engine(settings.store_url).url
    return f"{url.host}:{url.port or 5432}/{url.database}" if url.host else str(url.database)
