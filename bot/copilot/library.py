"""What people put into the knowledge base and take out of it; each with a name, a reason and a way back."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from bot.announcements import announce_saved, announce_summary
from bot.copilot.shelved import Shelved
from bot.domain.curation import Origin, QuestionState, Removal, Saved, Wording, learned_from
from bot.domain.person import Person
from bot.domain.store import Tx
from bot.errors import Refused, WordingRefused
from bot.membership import note_membership
from bot.sign_off.quorum import may_speak_for_n3
from knowledge.loaders.front_matter import LANGUAGES
from knowledge.model import KINDS
from knowledge.text.normalising import normalise
from knowledge.text.redaction import redact, without_private_keys

# Of a postmortem only its own form makes one.
WRITTEN = tuple(kind for kind in KINDS if kind != "postmortem")
LEAST_TEXT, MOST_TEXT, MOST_TITLE, MOST_SERVICE, LEAST_WHY = 20, 3000, 150, 100, 5


class Library(Shelved):
    """What is saved and taken back. A document never gets more than text here: no alert, cause or action that
    anything would follow from.
    """

    def save(self, person: Person, wording: Wording, origin: Origin, event: str) -> Saved:
        """Keep what a person confirmed; it is learned next, and told once it is.

        Raises:
            WordingRefused: names the field that cannot be taken.
        """
        cleaned = clean(wording)
        with self._once(event) as tx:
            saved = tx.library.save(event, slug(cleaned.title), cleaned, person, origin)
            tx.audit.append(person.key, "saved knowledge", saved.document_id, _about(cleaned))
            asked = tx.gaps.get(origin.question) if origin.question is not None else None
            if asked is not None and asked.is_answered_for(cleaned.access):
                tx.gaps.settle(asked.id, QuestionState.ANSWERED, person.key, saved.document_id)
        self._wake("keep", str(saved.id))
        return saved

    def take_back(self, person: Person, document_id: str, why: str, event: str = "") -> str:
        """Take a document out of the knowledge base; what to say.

        Anybody may take back what was saved or learned here, as it can be learned again; what was imported is
        the team's own, and only N3 may.

        Raises:
            Refused: there is no such document, or they may not.
            MembershipUnknown: who is N3 cannot be read.
        """
        reason = redact(why.strip())
        if reason.private_key or len(reason.text) < LEAST_WHY:
            raise Refused(f"Say why in {LEAST_WHY} characters or more, without a key in it.")
        kept = self._shelf.upkeep.of(document_id)
        if kept is None:
            raise Refused("That document is not in the knowledge base any more.")
        current = self._membership.n3() if kept.origin == "import" else frozenset()
        with self._once(event) as tx:
            if kept.origin == "import":
                policy = self._in_force.policy(tx)
                n3 = note_membership(tx, current, policy)
                if not may_speak_for_n3(person, n3, policy, tx.now).allowed:
                    raise Refused("It was imported: only N3 takes it out, or `vigie documents remove` does.")
            removal = tx.library.take_out(document_id, kept.title, person.key, reason.text[:500])
            if removal is None:
                raise Refused("Somebody has taken it out already.")
            detail = {"why": removal.why, "origin": kept.origin, "version": kept.version}
            tx.audit.append(person.key, "took out of the knowledge base", document_id, detail)
            announce_taken_out(tx, document_id)
        self._wake("forget", str(removal.id))
        back = "ingesting it again" if kept.origin == "import" else "*Learn again* where it was told"
        return f"It leaves the knowledge base now. The way back is {back}."

    def learn_again(self, person: Person, removal_id: int, event: str = "") -> str:
        """Put back what was taken out; what to say.

        Raises:
            Refused: it is back already, or came from a file.
        """
        with self._once(event) as tx:
            removal = _removal(tx, removal_id)
            saved, incident = tx.library.saved_as(removal.document_id), learned_from(removal.document_id)
            if saved is None and incident is None:
                raise Refused("It came from a file: ingest that again.")
            if not tx.library.put_back(removal_id, person.key):
                raise Refused("Somebody has put it back already.")
            tx.audit.append(person.key, "put back into the knowledge base", removal.document_id)
            if saved is not None:
                tx.library.keep_again(saved.id)
            tx.summaries.unlearned(removal.document_id)
            announce_taken_out(tx, removal.document_id)
        work = ("keep", str(saved.id)) if saved is not None else ("learn", str(incident))
        self._wake(*work)
        return "It is learned again."


def note_removal(tx: Tx, document_id: str, title: str, by: str, why: str) -> int | None:
    """What is removed at the command line, as a row and in the audit log; its message says so.

    The number of the row, None where it was taken out before.
    """
    said = redact(without_private_keys(why)).text.strip()[:500]
    removal = tx.library.take_out(document_id, title, by, said)
    if removal is None:
        return None
    tx.audit.append(by, "took out of the knowledge base", document_id, {"why": said})
    announce_taken_out(tx, document_id)
    return removal.id


def announce_taken_out(tx: Tx, document_id: str) -> None:
    """The message that told that it was learned says what became of it."""
    saved, incident = tx.library.saved_as(document_id), learned_from(document_id)
    if saved is not None:
        announce_saved(tx, saved)
    elif incident is not None and tx.summaries.get(incident) is not None:
        announce_summary(tx, incident)


def clean(wording: Wording) -> Wording:
    """The text without its secrets, each field within its bounds.

    Raises:
        WordingRefused: names the field that cannot be taken, and says what to do.
    """
    found = {}
    for field in ("title", "text", "service"):
        given = redact(normalise(getattr(wording, field))[0].strip())
        if given.private_key:
            raise WordingRefused("It holds a private key: take it out, and revoke the key.", field)
        found[field] = given.text
    title = " ".join(found["title"].split())
    service = " ".join(found["service"].split())
    if not title or len(title) > MOST_TITLE:
        raise WordingRefused(f"Give it a title of at most {MOST_TITLE} characters.", "title")
    if len(found["text"]) < LEAST_TEXT:
        raise WordingRefused(f"Write at least {LEAST_TEXT} characters, so that it helps the next person.")
    if len(found["text"]) > MOST_TEXT * 2:
        raise WordingRefused(f"Write at most {MOST_TEXT} characters; put what is longer into a file.")
    if len(service) > MOST_SERVICE:
        raise WordingRefused(f"A service has at most {MOST_SERVICE} characters.", "service")
    if wording.kind not in WRITTEN:
        raise WordingRefused(f"Choose one of: {', '.join(WRITTEN)}.", "kind")
    if wording.language not in LANGUAGES:
        raise WordingRefused(f"Choose one of: {', '.join(LANGUAGES)}.", "language")
    return Wording(title, wording.kind, found["text"], service, wording.language, wording.access)


def slug(title: str) -> str:
    """A title as part of an id: plain letters and digits."""
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "text"


def _about(wording: Wording) -> dict[str, object]:
    digest = hashlib.sha256(wording.text.encode()).hexdigest()
    return {"title": wording.title, "kind": wording.kind, "sha256": digest, "access": list(wording.access)}


def _removal(tx: Tx, removal_id: int) -> Removal:
    found = tx.library.removal(removal_id)
    if found is None:
        raise Refused("Nothing of that kind was taken out.")
    return found
