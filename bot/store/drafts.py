"""Drafts for people: made once, posted once by somebody who may have changed the text."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.drafts import Draft, DraftKind, NewDraft
from bot.domain.person import Person
from bot.store.exchange_tables import drafts
from bot.store.records import Records


class Drafts(Records):
    def add(self, new: NewDraft) -> Draft:
        """Keep a draft."""
        inserted = self._connection.execute(
            sa.insert(drafts).values(
                kind=new.kind.value,
                incident_id=new.incident_id,
                person=new.person.key,
                language=new.language,
                text=new.text,
                model=new.model,
                prompt=new.prompt,
                note=new.note,
                made_at=self._now,
            )
        )
        assert inserted.inserted_primary_key is not None
        made = self.get(int(inserted.inserted_primary_key[0]))
        assert made is not None
        return made

    def get(self, draft_id: int) -> Draft | None:
        row = self._connection.execute(sa.select(drafts).where(drafts.c.id == draft_id)).first()
        if row is None:
            return None
        values = dict(row._mapping) | {"kind": DraftKind(row.kind), "person": Person.from_key(row.person)}
        return Draft(**values)

    def post(self, draft_id: int, text: str, by: Person) -> bool:
        """Somebody posts this text; False where the draft was posted before."""
        changed = self._connection.execute(
            sa.update(drafts)
            .where(drafts.c.id == draft_id, drafts.c.posted_at.is_(None))
            .values(text=text, posted_at=self._now, posted_by=by.key)
        )
        return changed.rowcount == 1
