"""The switch: anyone freezes execution, only N3 lifts it."""

from __future__ import annotations

from bot.announcements import announce_freeze, announce_freeze_again, announce_text
from bot.copilot.part import Part, refusal
from bot.domain.person import Person
from bot.domain.proposal import ProposalState
from bot.domain.store import Tx
from bot.membership import note_membership
from bot.sign_off.quorum import Judgement, may_speak_for_n3


class Switch(Part):
    """Freezing and unfreezing."""

    def freeze(self, person: Person, reason: str = "", event: str = "") -> None:
        """From this commit on nothing new is executed; anyone may do it."""
        with self._once(event) as tx:
            freeze(tx, person.key, f"<@{person.user_id}>", reason)

    def unfreeze(self, person: Person, event: str = "") -> Judgement:
        """Lift every freeze; only N3 may."""
        current = self._membership.n3()
        with self._once(event) as tx:
            policy = self._in_force.policy(tx)
            n3 = note_membership(tx, current, policy)
            judgement = may_speak_for_n3(person, n3, policy, tx.now)
            if not judgement.allowed:
                return refusal(tx, person, "unfreeze", "freeze", judgement.reason)
            announce_freeze_again(tx)  # drawn after this is committed, when its buttons are gone
            if not tx.n3.lift_freezes(person.key):
                return Judgement(False, "Nothing is frozen.")
            lifted = tx.audit.append(person.key, "unfrozen", "freeze")
            text = f":unlock: The freeze was lifted by <@{person.user_id}>."
            announce_text(tx, f"freeze:{lifted.seq}", text)
        self._wake("execute", "")
        return Judgement(True, "The freeze is lifted.")


def freeze(tx: Tx, actor: str, shown: str, reason: str) -> list[str]:
    """Freeze and announce it; gives the labels of what runs still, as a freeze stops none of it.

    `shown` is how the actor stands in the message, `reason` are their own words.
    """
    number = tx.n3.set_freeze(actor, reason)
    running = [p.label for p in tx.proposals.in_states(ProposalState.EXECUTING)]
    detail: dict[str, object] = {"reason": reason} | ({"running": running} if running else {})
    tx.audit.append(actor, "frozen", "freeze", detail)
    announce_freeze(tx, number, shown, reason)
    return running
