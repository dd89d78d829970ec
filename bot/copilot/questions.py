"""What people ask, kept before it is acknowledged, and what is going on right now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.copilot.part import Part
from bot.domain.incident import Incident
from bot.domain.proposal import Proposal, ProposalState


@dataclass(frozen=True, slots=True)
class Overview:
    """What `/vigie status` shows."""

    open_incidents: Sequence[Incident]
    waiting: Sequence[Proposal]
    frozen_by: str


class Questions(Part):
    """Questions and events of people."""

    def keep(self, key: str, kind: str, payload: Mapping[str, object]) -> bool:
        """Keep what a person did under its key; False when it came before and must have no effect again."""
        with self._store.begin() as tx:
            return tx.inbox.accept(key, kind, payload)

    def ask(self, key: str, question: Mapping[str, object]) -> bool:
        """Keep a question; it is answered where it was asked, even after a restart."""
        fresh = self.keep(key, "ask", question)
        self._wake("answer", key)
        return fresh

    def overview(self) -> Overview:
        """What is open, what waits for a signature, and whether execution is frozen."""
        with self._store.read() as tx:
            freeze = tx.n3.freeze()
            waiting = tx.proposals.in_states(ProposalState.PROPOSED)
            return Overview(tx.incidents.open_now(), waiting, freeze.by if freeze else "")
