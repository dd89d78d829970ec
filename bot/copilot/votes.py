"""What people say of passages: useful or not, one vote a person and passage, which they may change."""

from __future__ import annotations

from bot.copilot.part import Part
from bot.copilot.shelf import EmptyShelf, Shelf
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.store import Store
from bot.errors import Refused
from bot.in_force import InForce
from knowledge.text.redaction import redact, without_private_keys

MOST_REASON = 300


class Votes(Part):
    """Votes are counted by document, a person once; no number of them hides one."""

    def __init__(
        self,
        store: Store,
        in_force: InForce,
        membership: Membership,
        wake: Wake,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__(store, in_force, membership, wake)
        self._shelf = shelf or EmptyShelf()

    def vote(self, person: Person, passage_id: str, useful: bool, reason: str = "", event: str = "") -> str:
        """Keep what somebody says of a passage; what to say.

        Raises:
            Refused: there is no such passage any more.
        """
        passage = self._shelf.passage(passage_id)
        if passage is None:
            raise Refused("That passage is not in the knowledge base any more.")
        said = redact(without_private_keys(reason)).text.strip()[:MOST_REASON]
        with self._once(event) as tx:
            before = tx.library.vote_of(passage_id, person)
            if not tx.library.vote(passage_id, passage.document_id, person, useful, said):
                return "You said so before; it counts once."
            what = "found useful" if useful else "found not useful"
            tx.audit.append(person.key, what, passage.document_id, {"passage": passage_id, "why": said})
        changed = " It is counted in place of what you said before." if before not in (None, useful) else ""
        return f"Thanks, it is noted: {'useful' if useful else 'not useful'}.{changed}"

    def said(self, person: Person, passage_id: str) -> bool | None:
        """What this person says of a passage; None where nothing."""
        with self._store.read() as tx:
            return tx.library.vote_of(passage_id, person)
