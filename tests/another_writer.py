"""Somebody else who writes: another thread that holds the store until it is let go."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.domain.store import Tx
from bot.store.database import Store

PATIENCE_S = 5


@dataclass
class Writer:
    """Holds the lock of all writers. `was_let_go` is False where nobody came to let it go."""

    was_let_go: bool = False
    _awaited: threading.Event = field(default_factory=threading.Event)
    _free: threading.Event = field(default_factory=threading.Event)

    def is_awaited(self) -> bool:
        """Whether something else wants to write by now."""
        return self._awaited.is_set()

    def let_go(self) -> None:
        self._free.set()


@contextlib.contextmanager
def another_writer(store: Store) -> Iterator[Writer]:
    """From now on whatever writes here waits; a loop that stands still meanwhile lets nobody go."""
    writer, begin, holding = Writer(), store.begin, threading.Event()

    def hold() -> None:
        with begin():
            holding.set()
            writer.was_let_go = writer._free.wait(PATIENCE_S)

    @contextlib.contextmanager
    def asked() -> Iterator[Tx]:
        writer._awaited.set()
        with begin() as tx:
            yield tx

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(PATIENCE_S)
    store.begin = asked  # type: ignore[assignment, method-assign]  # to see who waits
    try:
        yield writer
    finally:
        store.begin = begin  # type: ignore[method-assign]
        writer.let_go()
        thread.join()
