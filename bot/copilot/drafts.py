"""Drafts for people: asked for, opened to be edited, posted under the name of who posts them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.announcements import announce_draft
from bot.copilot.part import Part
from bot.domain.drafts import Draft, DraftKind
from bot.domain.inbox import InboxKind
from bot.domain.person import Person
from bot.domain.ports import Membership, Wake
from bot.domain.store import Store, Tx
from bot.errors import AlreadyDone, Refused
from bot.in_force import InForce

MOST = 10_000
"""Characters of a text that is posted."""
_NUMBER = re.compile(r"#?([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Habits:
    """`language` of a draft that a button asks for; whether status updates also go to a channel of theirs."""

    language: str = "en"
    has_channel: bool = False


class Drafts(Part):
    """What is drafted for one person, and posted by that person alone."""

    def __init__(
        self, store: Store, in_force: InForce, membership: Membership, wake: Wake, habits: Habits
    ) -> None:
        super().__init__(store, in_force, membership, wake)
        self.habits = habits

    def ask(self, event: str, person: Person, incident_id: int, kind: DraftKind, language: str = "") -> None:
        """Have a text drafted; it comes to the person by direct message.

        Raises:
            AlreadyDone: the same event asked for it before.
            Refused: there is no such incident.
        """
        with self._store.begin() as tx:
            if tx.incidents.get(incident_id) is None:
                raise Refused(f"There is no incident #{incident_id}. `/vigie status` lists what is open.")
            asked = {
                "kind": kind.value,
                "incident_id": incident_id,
                "person": person.key,
                "language": language or self.habits.language,
            }
            if not tx.inbox.accept(event, InboxKind.DRAFT, asked):
                raise AlreadyDone
        self._wake("draft", event)

    def incident_of(self, words: str) -> int:
        """The incident that somebody names, or the only one that is open.

        Raises:
            Refused: none is named and there is not exactly one.
        """
        if found := _NUMBER.fullmatch(words.strip()):
            return int(found[1])
        with self._store.read() as tx:
            open_now = [incident.id for incident in tx.incidents.open_now()]
        if words.strip() or len(open_now) != 1:
            raise Refused("Say of which incident, by its number: for example `12`.")
        return open_now[0]

    def open(self, person: Person, draft_id: int) -> Draft:
        """The draft, to be edited.

        Raises:
            Refused: it is somebody else's, or was posted.
        """
        with self._store.read() as tx:
            return _theirs(tx, person, draft_id)

    def post(self, person: Person, draft_id: int, text: str, clean: Callable[[str], str]) -> None:
        """Post this text in the thread of the incident; `clean` takes secrets out.

        Raises:
            Refused: it is somebody else's, was posted, or has no text.
        """
        said = clean(text).strip()
        if not said or len(said) > MOST:
            raise Refused(f"Write a text of {MOST} characters at most.")
        with self._store.begin() as tx:
            draft = _theirs(tx, person, draft_id)
            tx.drafts.post(draft_id, said, person)
            detail = {
                "draft": draft_id,
                "sha256": hashlib.sha256(said.encode()).hexdigest(),
                "edited": said != draft.text.strip(),
            }
            tx.audit.append(
                person.key, f"posted the {draft.kind.value}", f"incident #{draft.incident_id}", detail
            )
            posted = tx.drafts.get(draft_id)
            assert posted is not None
            announce_draft(tx, posted, to_channel=self.habits.has_channel)


def _theirs(tx: Tx, person: Person, draft_id: int) -> Draft:
    draft = tx.drafts.get(draft_id)
    if draft is None or draft.person != person:
        raise Refused("There is no such draft of yours.")
    if draft.posted_at is not None:
        raise Refused("This draft was posted already. Ask for a new one.")
    return draft
