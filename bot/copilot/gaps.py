"""Questions that found no answer: kept, listed for who may know of them, answered in time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.copilot.shelved import Shelved
from bot.domain.curation import Question, QuestionState
from bot.domain.person import Person
from bot.errors import Refused
from bot.missed import note_missed
from knowledge.model import Query

LOOK_EVERY = timedelta(seconds=30)
AT_ONCE = 20


class Gaps(Shelved):
    """What the knowledge base should say and does not."""

    _next: datetime | None = None
    _after = 0

    def missed(self, question: str, access: Sequence[str], person: Person) -> None:
        """Keep a question for which nothing fits."""
        with self._store.begin() as tx:
            note_missed(tx, question, access, person.key)

    def seen(self, readers: Collection[str]) -> list[Question]:
        """What waits for an answer and these readers may know of, the most asked first."""
        with self._store.read() as tx:
            return [one for one in tx.gaps.open() if one.is_known_to(readers)]

    def one(self, question_id: int, readers: Collection[str]) -> Question:
        """One question.

        Raises:
            Refused: there is none that these readers may know of.
        """
        with self._store.read() as tx:
            found = tx.gaps.get(question_id)
        if found is None or not found.is_known_to(readers):
            raise Refused("There is no such question.")
        return found

    def dismiss(
        self, person: Person, question_id: int, readers: Collection[str], event: str = ""
    ) -> Question:
        """Nobody needs an answer to it.

        Raises:
            Refused: it does not wait any more.
        """
        found = self.one(question_id, readers)
        with self._once(event) as tx:
            if not tx.gaps.settle(question_id, QuestionState.DISMISSED, person.key):
                raise Refused("That question does not wait for an answer any more.")
            tx.audit.append(person.key, "dismissed a question", f"question {question_id}")
        return found

    def reopen(self, person: Person, question_id: int, readers: Collection[str], event: str = "") -> Question:
        """It waits again: the dismissal is taken back.

        Raises:
            Refused: it waits already.
        """
        found = self.one(question_id, readers)
        with self._once(event) as tx:
            if not tx.gaps.reopen(question_id):
                raise Refused("That question waits for an answer already.")
            tx.audit.append(person.key, "reopened a question", f"question {question_id}")
        return found

    def look(self) -> None:
        """Look for open questions again once the knowledge base has changed; what fits now is answered."""
        with self._store.read() as tx:
            if self._next is not None and tx.now < self._next:
                return
            self._next = tx.now + LOOK_EVERY
            revision = self._shelf.upkeep.revision()
            waiting = sorted(tx.gaps.to_look_for(revision, 10_000), key=lambda one: one.id)
        later = [one for one in waiting if one.id > self._after] or waiting
        for one in later[:AT_ONCE]:
            self._after = one.id
            self._look_for(one, revision)

    def _look_for(self, question: Question, revision: int) -> None:
        found = self._shelf.search(Query(question.text, seen_by=frozenset(question.access)), 1)
        if not found.fits and found.missing:
            return  # what could not be searched may hold it
        with self._store.begin() as tx:
            if not found.fits or not found.passages:
                tx.gaps.looked_for(question.id, revision)
            elif tx.gaps.settle(question.id, QuestionState.ANSWERED, "vigie", found.passages[0].document_id):
                detail = {"document": found.passages[0].document_id}
                tx.audit.append("vigie", "found an answer", f"question {question.id}", detail)
