"""Puts what people saved into the knowledge base, and takes out what they took back."""

from __future__ import annotations

from bot.announcements import announce_saved
from bot.domain.curation import Saved
from bot.domain.person import Person
from bot.domain.store import Store
from bot.stages.library import Library
from knowledge.errors import DocumentQuarantined, DocumentRefused
from knowledge.model import Document


def document_of(saved: Saved) -> Document:
    """The document of a saved text, owned by who saved it. It has no alert, cause or action: only text."""
    wording = saved.wording
    return Document(
        id=saved.document_id,
        title=wording.title,
        kind=wording.kind,
        text=wording.text,
        language=wording.language,
        service=wording.service,
        owner=Person.from_key(saved.by).user_id,
        reviewed=saved.at.date(),
        access=wording.access,
        origin="person",
        source=f"saved {saved.id}",
    )


def keep(store: Store, library: Library, saved_id: int) -> None:
    """Learn a confirmed text, then tell; done once its row says so."""
    with store.read() as tx:
        saved = tx.library.saved(saved_id) if saved_id in tx.library.to_keep() else None
    if saved is None:
        return
    problem = ""
    try:
        library.add(document_of(saved))
    except (DocumentRefused, DocumentQuarantined) as error:
        problem = str(error)
    with store.begin() as tx:
        if tx.library.removal_of(saved.document_id) is not None and not problem:
            return  # taken back meanwhile: `forget` takes it out again
        tx.library.kept(saved_id, problem)
        if not problem:
            tx.audit.append("vigie", "learned", saved.document_id, {"saved_by": saved.by})
        announce_saved(tx, saved)


def forget(store: Store, library: Library, removal_id: int) -> None:
    """Take a document out of both indexes; done once its row says so."""
    with store.read() as tx:
        removal = tx.library.removal(removal_id)
    if removal is None or removal.done_at is not None or not removal.is_in_force:
        return
    library.remove(removal.document_id)
    with store.begin() as tx:
        now = tx.library.removal(removal_id)
        tx.library.forgotten(removal_id)
        if now is not None and not now.is_in_force:  # put back while it was taken out: learned once more
            tx.summaries.unlearned(removal.document_id)
            if (saved := tx.library.saved_as(removal.document_id)) is not None:
                tx.library.keep_again(saved.id)
