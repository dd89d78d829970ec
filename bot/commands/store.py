"""Opens what an installation keeps, for a command: the store and the documents, where there are any."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import Engine

from bot.errors import BadInput
from bot.settings import Settings
from bot.store.database import answering, open_engine
from bot.store.migrate import revision_of


def engines(settings: Settings) -> dict[str, Engine]:
    """The engines of store and knowledge base by name; one and the same where both are in PostgreSQL."""
    store = open_engine(settings.store_url)
    same = settings.knowledge_url == settings.store_url
    return {"store": store, "knowledge": store if same else open_engine(settings.knowledge_url)}


def present(settings: Settings) -> dict[str, Engine]:
    """The same without SQLite files that are not there: a look alone must not make them."""
    return {name: engine for name, engine in engines(settings).items() if _is_there(engine)}


def existing(settings: Settings) -> Engine:
    """The store's engine.

    Raises:
        BadInput: nothing was ever stored there.
        StoreUnavailable: the database does not answer.
    """
    engine = open_engine(settings.store_url)
    if _is_there(engine):
        with answering(engine), engine.connect().execution_options(vigie_reading=True) as connection:
            if revision_of(connection) is not None:
                return engine
    raise BadInput(f"{where(engine)} holds no store yet; start `vigie serve` once.")


def where(engine: Engine) -> str:
    """Where it is, without a password."""
    url = engine.url
    return f"{url.host}:{url.port or 5432}/{url.database}" if url.host else str(url.database)


def _is_there(engine: Engine) -> bool:
    return engine.dialect.name != "sqlite" or Path(str(engine.url.database)).exists()
