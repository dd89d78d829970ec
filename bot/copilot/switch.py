"""The switch: anyone freezes execution, only N3 lifts it."""

from __future__ import annotations

from bot.announcements import announce_text
from bot.copilot.part import Part, refusal
from bot.domain.person import Person
from bot.domain.proposal import ProposalState
from bot.membership import note_membership
from bot.sign_off.quorum import Judgement


class Switch(Part):
    """Freezing and unfreezing."""

    def freeze(self, actor: str, reason: str = "") -> None:
        """From this commit on nothing new is executed; anyone may do it."""
        with self._store.begin() as tx:
            tx.n3.set_freeze(actor, reason)
            event = tx.audit.append(actor, "frozen", "freeze", {"reason": reason})
            running = tx.proposals.in_states(ProposalState.EXECUTING)
            still = f" Still running: {', '.join(p.label for p in running)}." if running else ""
            text = f":lock: *Execution is frozen* by {_who(actor)}.{still}"
            announce_text(tx, f"freeze:{event.seq}", f"{text} An N3 lifts it with `/vigie unfreeze`.")

    def unfreeze(self, person: Person) -> Judgement:
        """Lift every freeze; only N3 may."""
        current = self._membership.n3()
        with self._store.begin() as tx:
            n3 = note_membership(tx, current, self._in_force.policy(tx))
            if person not in n3.since:
                return refusal(tx, person, "unfreeze", "freeze", "Only N3 may lift a freeze.")
            if not tx.n3.lift_freezes(person.key):
                return Judgement(False, "Nothing is frozen.")
            event = tx.audit.append(person.key, "unfrozen", "freeze")
            announce_text(tx, f"freeze:{event.seq}", f":unlock: The freeze was lifted by {_who(person.key)}.")
        self._wake("execute", "")
        return Judgement(True, "The freeze is lifted.")


def _who(actor: str) -> str:
    return f"<@{Person.from_key(actor).user_id}>" if "/" in actor else actor
