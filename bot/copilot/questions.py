"""What people ask, kept before it is acknowledged, and what is going on right now."""

from __future__ import annotations

from collections.abc import Mapping

from bot.copilot.overview import Overview, overview_of
from bot.copilot.part import Part
from bot.domain.inbox import InboxKind


class Questions(Part):
    """Questions and events of people."""

    def keep(self, key: str, kind: InboxKind, payload: Mapping[str, object]) -> bool:
        """Keep what a person did under its key; False when it came before and must have no effect again."""
        with self._store.begin() as tx:
            return tx.inbox.accept(key, kind, payload)

    def ask(self, key: str, question: Mapping[str, object]) -> bool:
        """Keep a question; it is answered where it was asked, even after a restart."""
        fresh = self.keep(key, InboxKind.ASK, question)
        self._wake("answer", key)
        return fresh

    def overview(self) -> Overview:
        """What is open, what waits for N3, and whether execution is frozen."""
        with self._store.read() as tx:
            return overview_of(tx, self._in_force)
