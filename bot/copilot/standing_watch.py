"""Looks after standing sign-offs: ends what is over, suspends what N3 should look at again."""

from __future__ import annotations

from collections.abc import Callable

from bot.copilot.part import Part
from bot.domain.standing import StandingSignOff, StandingState
from bot.domain.store import Tx
from bot.errors import ArgumentRefused, CatalogueError
from bot.membership import known_n3
from bot.sign_off.digest import digest
from bot.sign_off.standing import still_lacking, went_badly
from bot.standing_state import end, suspend

Change = Callable[[Tx], object]
_LIVES = (StandingState.PROPOSED, StandingState.IN_FORCE, StandingState.SUSPENDED)


class StandingWatch(Part):
    """What the rows say has become of each; the executor judges the same again before each use."""

    def look_after(self) -> None:
        """Write down what is over, and what must not be used until it is signed anew."""
        with self._store.read() as tx:
            due = any(self._change(tx, standing) for standing in tx.standing.in_states(*_LIVES))
        if due:
            with self._store.begin() as tx:
                for standing in tx.standing.in_states(*_LIVES):
                    change = self._change(tx, standing)
                    if change is not None:
                        change(tx)

    def _change(self, tx: Tx, standing: StandingSignOff) -> Change | None:
        """What is to be done about it now; None when it stands as it should."""
        if tx.now >= standing.terms.ends_at:
            return _ending(standing, StandingState.ENDED, "Its time is over.")
        if standing.state is StandingState.PROPOSED and tx.now >= standing.sign_by:
            return _ending(standing, StandingState.EXPIRED, "The time to sign it is over.")
        if standing.state is not StandingState.IN_FORCE:
            return None
        if standing.uses_left <= 0:
            return _ending(standing, StandingState.ENDED, "It was used as often as N3 allowed.")
        reason = self._doubt(tx, standing)
        if reason:
            return lambda tx: suspend(tx, standing, reason)
        basis = self._in_force.basis(tx)
        return None if basis == standing.basis else lambda tx: tx.standing.based_on(standing.id, basis)

    def _doubt(self, tx: Tx, standing: StandingSignOff) -> str:
        """Why N3 should look at it again; empty where nothing speaks against it."""
        uses = [p for number in tx.standing.not_well(standing.id) if (p := tx.proposals.get(number))]
        bad = went_badly(uses, standing.active_at or tx.now)
        if bad is not None:
            return f"{bad.label} did not end well."
        policy = self._in_force.policy(tx)
        given, n3 = tx.standing.sign_offs(standing), known_n3(tx)
        if still_lacking(standing, given, n3, policy, tx.now):
            return "Fewer than it needs of those who gave it may sign such a thing now."
        if self._in_force.basis(tx) == standing.basis:
            return ""
        try:
            fresh = digest(self._in_force.standing_plan(tx, standing.terms)[0])
        except (ArgumentRefused, CatalogueError):
            fresh = ""
        return (
            "" if fresh == standing.digest else "Catalogue or policy is not what it was when it was signed."
        )


def _ending(standing: StandingSignOff, state: StandingState, reason: str) -> Change:
    return lambda tx: end(tx, standing, state, "vigie", reason)
