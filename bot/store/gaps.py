"""Questions for which nothing in the knowledge base fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.curation import MOST_QUESTIONS, Question, QuestionState, alike, words_of
from bot.store import curation_tables as t
from bot.store.records import Records

_OPEN = QuestionState.OPEN.value


class Gaps(Records):
    def note(self, text: str, access: Sequence[str], by: str, revision: int = -1) -> int:
        """Keep a question that found nothing, or count it with one like it, if the same may know of it."""
        words, readers = words_of(text), sorted(access)
        for row in self._connection.execute(sa.select(t.questions).where(t.questions.c.state == _OPEN)):
            if row.access == readers and alike(words, frozenset(row.words)):
                again = sa.update(t.questions).where(t.questions.c.id == row.id)
                again = again.values(asked=row.asked + 1, last_at=self._now, last_by=by)
                self._connection.execute(again)
                return int(row.id)
        self._make_room()
        values: dict[str, object] = {"text": text, "words": sorted(words), "access": readers, "asked": 1}
        values |= {"first_at": self._now, "last_at": self._now, "last_by": by, "state": _OPEN}
        made = self._connection.execute(sa.insert(t.questions).values(values | {"looked_at": revision}))
        (number,) = made.inserted_primary_key or (0,)
        return int(number)

    def get(self, question_id: int) -> Question | None:
        found = self._many(t.questions.c.id == question_id)
        return found[0] if found else None

    def open(self) -> list[Question]:
        """What waits for an answer: what was asked most often first, then what was asked last."""
        return self._many(t.questions.c.state == _OPEN)

    def to_look_for(self, revision: int, limit: int) -> list[Question]:
        """Open questions that were not looked for since the knowledge base last changed."""
        return self._many(t.questions.c.state == _OPEN, t.questions.c.looked_at != revision)[:limit]

    def looked_for(self, question_id: int, revision: int) -> None:
        change = sa.update(t.questions).where(t.questions.c.id == question_id)
        self._connection.execute(change.values(looked_at=revision))

    def settle(self, question_id: int, state: QuestionState, by: str, document_id: str = "") -> bool:
        """Answered by a document, or dismissed; False where it is not open any more."""
        change = sa.update(t.questions).where(t.questions.c.id == question_id, t.questions.c.state == _OPEN)
        values = {"state": state.value, "settled_by": by, "document_id": document_id}
        return self._connection.execute(change.values(values)).rowcount == 1

    def reopen(self, question_id: int) -> bool:
        """It waits for an answer again."""
        change = sa.update(t.questions).where(t.questions.c.id == question_id, t.questions.c.state != _OPEN)
        values = {"state": _OPEN, "settled_by": "", "document_id": ""}
        return self._connection.execute(change.values(values)).rowcount == 1

    def _make_room(self) -> None:
        count = self._connection.execute(sa.select(sa.func.count()).select_from(t.questions)).scalar() or 0
        if count < MOST_QUESTIONS:
            return
        first = sa.case((t.questions.c.state == _OPEN, 1), else_=0)
        oldest = sa.select(t.questions.c.id).order_by(first, t.questions.c.asked, t.questions.c.last_at)
        gone = self._connection.execute(oldest.limit(count - MOST_QUESTIONS + 1)).scalars().all()
        self._connection.execute(sa.delete(t.questions).where(t.questions.c.id.in_(gone)))

    def _many(self, *which: sa.ColumnElement[bool]) -> list[Question]:
        order = t.questions.c.asked.desc(), t.questions.c.last_at.desc(), t.questions.c.id
        query = sa.select(t.questions).where(*which).order_by(*order)
        return [_question(row) for row in self._connection.execute(query)]


def _question(row: Row[Any]) -> Question:
    return Question(
        id=row.id,
        text=row.text,
        access=tuple(row.access),
        asked=row.asked,
        first_at=row.first_at,
        last_at=row.last_at,
        last_by=row.last_by,
        state=QuestionState(row.state),
        document_id=row.document_id,
        settled_by=row.settled_by,
    )
