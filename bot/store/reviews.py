"""What one N3 signed alone, for others to look at."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.person import Person
from bot.domain.records import Review
from bot.store.policy_tables import reviews
from bot.store.records import Records


class Reviews(Records):
    def want(self, review: Review) -> None:
        """Put a proposal on the list; it is there once."""
        if self.get(review.proposal_id) is None:
            values = {
                "proposal_id": review.proposal_id,
                "signer": review.signer.key,
                "reason": review.reason,
                "signed_at": review.signed_at,
                "due_at": review.due_at,
            }
            self._connection.execute(sa.insert(reviews).values(values))

    def get(self, proposal_id: int) -> Review | None:
        found = self._where(reviews.c.proposal_id == proposal_id)
        return found[0] if found else None

    def due(self) -> list[Review]:
        """Those that N3 are to be asked about now."""
        return self._where(reviews.c.posted.is_(False), reviews.c.due_at <= self._now)

    def open(self) -> list[Review]:
        """All that nobody has judged, due or not, oldest first."""
        return self._where(reviews.c.verdict == "")

    def posted(self, proposal_id: int) -> None:
        """Its card is on its way."""
        changed = sa.update(reviews).where(reviews.c.proposal_id == proposal_id)
        self._connection.execute(changed.values(posted=True))

    def settle(self, proposal_id: int, verdict: str, by: Person) -> bool:
        """Write what somebody says of it, once."""
        changed = self._connection.execute(
            sa.update(reviews)
            .where(reviews.c.proposal_id == proposal_id, reviews.c.verdict == "")
            .values(verdict=verdict, by=by.key, at=self._now)
        )
        return changed.rowcount == 1

    def _where(self, *conditions: sa.ColumnElement[bool]) -> list[Review]:
        query = sa.select(reviews).where(*conditions).order_by(reviews.c.proposal_id)
        return [_review(row) for row in self._connection.execute(query)]


def _review(row: Row[Any]) -> Review:
    return Review(**(dict(row._mapping) | {"signer": Person.from_key(row.signer)}))
