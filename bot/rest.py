"""Rest for who looks at the rows again and again: while nothing is written, looking finds nothing new."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from bot.domain.store import Store


class Rest:
    """Each who looks has one. It ends with a commit, at a time that was named, or after `longest_s`."""

    def __init__(
        self, store: Store, longest_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._longest_s, self._monotonic = store, longest_s, monotonic
        self._seen: datetime | None = None
        self._newest: datetime | None = None
        self._due_at: datetime | None = None
        self._since = monotonic()

    def is_over(self) -> bool:
        """Whether a look may find something. What is committed from now on ends the rest after that look."""
        now, self._newest = self._store.clock()
        if self._newest is None or self._newest != self._seen:
            return True
        is_due = self._due_at is not None and now >= self._due_at
        return is_due or self._monotonic() - self._since >= self._longest_s

    def begin(self, due_at: datetime | None = None) -> None:
        """A look was whole and left nothing to do before `due_at`; one that failed begins none."""
        self._seen, self._due_at, self._since = self._newest, due_at, self._monotonic()
