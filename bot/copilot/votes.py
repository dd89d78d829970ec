"""What people say of passages: useful or not, one vote a person and passage, which they may change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.copilot.shelved import Shelved
from bot.domain.curation import usefulness
from bot.domain.person import Person
from bot.errors import Refused, StoreUnavailable
from knowledge.text.redaction import redact, without_private_keys

log = structlog.get_logger()
MOST_REASON = 300
_KEPT_S = 30.0


class Votes(Shelved):
    """Votes are counted by document, a person once; no number of them hides one."""

    _counted: tuple[float, dict[str, float]] | None = None

    def usefulness(self) -> Mapping[str, float]:
        """By document, between -1 and 1, what people said of its present version: for search, so it does not
        raise. Votes at another process count within half a minute.
        """
        now, counted = time.monotonic(), self._counted
        if counted is None or now - counted[0] > _KEPT_S:
            try:
                counted = now, self._count()
            except (SQLAlchemyError, StoreUnavailable):
                log.exception("votes could not be counted")
                counted = now, counted[1] if counted else {}
            self._counted = counted
        return counted[1]

    def _count(self) -> dict[str, float]:
        with self._store.read() as tx:
            written = self._shelf.upkeep.written(tx.library.voted_on())

            def is_of_this_version(id: str, at: datetime) -> bool:
                return id in written and at.date() >= (written[id] or at.date())

            votes = tx.library.votes(is_of_this_version)
        return {id: usefulness(one.useful, one.not_useful) for id, one in votes.items()}

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
        self._counted = None
        changed = " It is counted in place of what you said before." if before not in (None, useful) else ""
        return f"Thanks, it is noted: {'useful' if useful else 'not useful'}.{changed}"

    def said(self, person: Person, passage_id: str) -> bool | None:
        """What this person says of a passage; None where nothing."""
        with self._store.read() as tx:
            return tx.library.vote_of(passage_id, person)
