"""What people saved, what was taken out again, and what they said of passages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.curation import Origin, Removal, Saved, Votes, Wording
from bot.domain.person import Person
from bot.store import curation_tables as t
from bot.store.records import Records

_REASONS = 5


def _always(_document: str, _at: datetime) -> bool:
    return True


class Library(Records):
    def save(self, key: str, name: str, wording: Wording, by: Person, origin: Origin) -> Saved:
        """Keep a confirmed text under its key, once; its document is `saved/NUMBER-name`."""
        known = self._saved(t.saved.c.key == key)
        if known:
            return known[0]
        made = self._connection.execute(
            sa.insert(t.saved).values(
                key=key,
                document_id="",
                title=wording.title,
                kind=wording.kind,
                text=wording.text,
                service=wording.service,
                language=wording.language,
                access=list(wording.access),
                by=by.key,
                at=self._now,
                channel=origin.channel,
                thread_ts=origin.thread_ts,
                question=origin.question,
            )
        )
        (number,) = made.inserted_primary_key or (0,)
        named = sa.update(t.saved).where(t.saved.c.id == number).values(document_id=f"saved/{number}-{name}")
        self._connection.execute(named)
        return self._saved(t.saved.c.id == number)[0]

    def saved(self, saved_id: int) -> Saved | None:
        found = self._saved(t.saved.c.id == saved_id)
        return found[0] if found else None

    def saved_as(self, document_id: str) -> Saved | None:
        """What a person saved as this document."""
        found = self._saved(t.saved.c.document_id == document_id)
        return found[0] if found else None

    def to_keep(self) -> list[int]:
        """Confirmed texts that are not in the knowledge base yet, and are to be."""
        out = sa.exists().where(
            t.removals.c.document_id == t.saved.c.document_id, t.removals.c.undone_at.is_(None)
        )
        waits = t.saved.c.learned_at.is_(None), t.saved.c.problem == "", ~out
        return list(self._connection.execute(sa.select(t.saved.c.id).where(*waits)).scalars())

    def kept(self, saved_id: int, problem: str = "") -> None:
        """It is in the knowledge base, or cannot get there for that reason."""
        learned_at = None if problem else self._now
        change = sa.update(t.saved).where(t.saved.c.id == saved_id)
        self._connection.execute(change.values(learned_at=learned_at, problem=problem[:500]))

    def keep_again(self, saved_id: int) -> None:
        """It is to be put into the knowledge base once more."""
        change = sa.update(t.saved).where(t.saved.c.id == saved_id)
        self._connection.execute(change.values(learned_at=None, problem=""))

    # -- taken out

    def take_out(self, document_id: str, title: str, by: str, why: str) -> Removal | None:
        """A document is to leave the knowledge base; None where somebody said so and it has not left yet."""
        if (before := self.removal_of(document_id)) is not None:
            if before.done_at is None:
                return None
            self.put_back(before.id, "vigie")  # it came in again since, from its file
        values = {"document_id": document_id, "title": title, "by": by, "why": why, "at": self._now}
        self._connection.execute(sa.insert(t.removals).values(values))
        return self.removal_of(document_id)

    def removal(self, removal_id: int) -> Removal | None:
        found = self._removals(t.removals.c.id == removal_id)
        return found[0] if found else None

    def removal_of(self, document_id: str) -> Removal | None:
        """The removal that is in force for a document."""
        found = self._removals(t.removals.c.document_id == document_id, t.removals.c.undone_at.is_(None))
        return found[-1] if found else None

    def to_forget(self) -> list[int]:
        """Removals that have not been carried out."""
        waits = t.removals.c.done_at.is_(None), t.removals.c.undone_at.is_(None)
        return list(self._connection.execute(sa.select(t.removals.c.id).where(*waits)).scalars())

    def forgotten(self, removal_id: int) -> None:
        change = sa.update(t.removals).where(t.removals.c.id == removal_id)
        self._connection.execute(change.values(done_at=self._now))

    def put_back(self, removal_id: int, by: str) -> bool:
        """It is to be learned again; False where somebody said so before."""
        change = sa.update(t.removals).where(t.removals.c.id == removal_id, t.removals.c.undone_at.is_(None))
        return self._connection.execute(change.values(undone_at=self._now, undone_by=by)).rowcount == 1

    # -- votes

    def vote(self, passage_id: str, document_id: str, person: Person, useful: bool, reason: str) -> bool:
        """What one person says of one passage, in place of what they said before; False if it is the same."""
        mine = t.votes.c.passage_id == passage_id, t.votes.c.person == person.key
        known = self._connection.execute(sa.select(t.votes).where(*mine)).first()
        if known is not None and known.useful == useful and known.reason == (reason or known.reason):
            return False
        self._connection.execute(sa.delete(t.votes).where(*mine))
        values = {"passage_id": passage_id, "document_id": document_id, "person": person.key}
        values |= {"useful": useful, "reason": reason, "at": self._now}  # type: ignore[dict-item]  # a row
        self._connection.execute(sa.insert(t.votes).values(values))
        return True

    def vote_of(self, passage_id: str, person: Person) -> bool | None:
        """What this person says of a passage; None where nothing."""
        mine = t.votes.c.passage_id == passage_id, t.votes.c.person == person.key
        found: bool | None = self._connection.execute(sa.select(t.votes.c.useful).where(*mine)).scalar()
        return found

    def voted_on(self) -> list[str]:
        """The documents of which anybody said anything."""
        return list(self._connection.execute(sa.select(t.votes.c.document_id).distinct()).scalars())

    def votes(self, counts: Callable[[str, datetime], bool] = _always) -> dict[str, Votes]:
        """By document: how many people find it useful and how many do not. A person counts once, by the most
        of what they say of its passages. `counts`: whether what was said of a document at that time matters.
        """
        leaning: dict[str, dict[str, int]] = {}
        said: dict[str, tuple[str, ...]] = {}
        for row in self._connection.execute(sa.select(t.votes).order_by(t.votes.c.at.desc())):
            if not counts(row.document_id, row.at):
                continue
            people = leaning.setdefault(row.document_id, {})
            people[row.person] = people.get(row.person, 0) + (1 if row.useful else -1)
            if row.reason and not row.useful:
                said[row.document_id] = (*said.get(row.document_id, ()), row.reason)[:_REASONS]
        return {
            id: Votes(sum(n > 0 for n in all_.values()), sum(n < 0 for n in all_.values()), said.get(id, ()))
            for id, all_ in leaning.items()
        }

    def _saved(self, *which: sa.ColumnElement[bool]) -> list[Saved]:
        rows = self._connection.execute(sa.select(t.saved).where(*which).order_by(t.saved.c.id))
        return [_saved(row) for row in rows]

    def _removals(self, *which: sa.ColumnElement[bool]) -> list[Removal]:
        rows = self._connection.execute(sa.select(t.removals).where(*which).order_by(t.removals.c.id))
        return [Removal(**row._mapping) for row in rows]


def _saved(row: Row[Any]) -> Saved:
    wording = Wording(row.title, row.kind, row.text, row.service, row.language, tuple(row.access))
    origin = Origin(row.channel, row.thread_ts, row.question)
    return Saved(row.id, row.document_id, wording, row.by, row.at, origin, row.learned_at, row.problem)
