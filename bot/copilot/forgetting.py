"""Forgets old deliveries of alerts and what came in long ago, a little at a time: nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.domain.store import Store, Tx

log = structlog.get_logger()

AT_ONCE = 400  # rows in one transaction: it holds up alerts and clicks no longer than that takes
_AT_MOST = 50  # transactions in a row; what is left then waits for the next look
_SELDOM = timedelta(hours=1)
SEEN_FOR = timedelta(days=30)
"""How long what came in is known again. No sender and no Slack sends a thing once more as late as that."""


class Forgetting:
    """One per `serve`. `keep`: how long single deliveries of alerts are kept; nothing: for ever."""

    def __init__(self, store: Store, keep: timedelta) -> None:
        self._store, self._keep = store, keep
        self._seldom_at: datetime | None = None

    def look(self) -> None:
        """Forget what is older than is to be kept."""
        if self._keep:
            self._forget_deliveries()
        if self._is_time():
            if self._keep:
                self._little_by_little(self._forget_memories)
            self._little_by_little(lambda tx: tx.retention.forget_seen(tx.now - SEEN_FOR, AT_ONCE))

    def _forget_deliveries(self) -> None:
        gone, more = 0, True
        for _ in range(_AT_MOST):
            if not more:
                break
            with self._store.begin() as tx:
                went, more = tx.retention.forget_deliveries(tx.now - self._keep, AT_ONCE)
                gone += went
        if gone:
            log.info("old deliveries were forgotten", deliveries=gone)

    def _is_time(self) -> bool:
        """Whether it is long enough ago that the rest was looked at."""
        with self._store.read() as tx:
            now = tx.now
        if self._seldom_at is not None and now < self._seldom_at:
            return False
        self._seldom_at = now + _SELDOM
        return True

    def _forget_memories(self, tx: Tx) -> int:
        gone = tx.retention.forget_memories(tx.now - self._keep, AT_ONCE)
        if gone:
            # So that a Vigie that runs and one that starts know the same.
            tx.triage.touch()
        return gone

    def _little_by_little(self, forget: Callable[[Tx], int]) -> None:
        """Until nothing is left to be forgotten, or it was enough for once."""
        for _ in range(_AT_MOST):
            with self._store.begin() as tx:
                if not forget(tx):
                    return
