"""Forgets old deliveries of alerts, a little at a time, so that nobody waits for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.domain.store import Store

log = structlog.get_logger()

AT_ONCE = 400  # rows in one transaction: it holds up alerts and clicks no longer than that takes
_AT_MOST = 50  # transactions in a row; what is left then waits for the next look
_MEMORIES_EVERY = timedelta(hours=1)


class Forgetting:
    """One per `serve`."""

    def __init__(self, store: Store, keep: timedelta) -> None:
        self._store, self._keep = store, keep
        self._memories_at: datetime | None = None

    def look(self) -> None:
        """Forget what is older than is to be kept; nothing where all is to be kept."""
        if not self._keep:
            return
        gone, more = 0, True
        for _ in range(_AT_MOST):
            if not more:
                break
            with self._store.begin() as tx:
                went, more = tx.retention.forget_deliveries(tx.now - self._keep, AT_ONCE)
                gone += went
        if gone:
            log.info("old deliveries were forgotten", deliveries=gone)
        self._forget_memories()

    def _forget_memories(self) -> None:
        with self._store.read() as tx:
            if self._memories_at is not None and tx.now < self._memories_at:
                return
            self._memories_at = tx.now + _MEMORIES_EVERY
        for _ in range(_AT_MOST):
            with self._store.begin() as tx:
                if not tx.retention.forget_memories(tx.now - self._keep, AT_ONCE):
                    return
                # So that a Vigie that runs and one that starts know the same.
                tx.triage.touch()
