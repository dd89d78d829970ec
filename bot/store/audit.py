"""The audit log: appended to in the transaction of the deed, so refusing to record is refusing to act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from bot.domain.records import AuditEvent
from bot.sign_off.audit import GENESIS, link
from bot.store import tables as t
from bot.store.records import Records


class Audit(Records):
    def append(
        self, actor: str, action: str, subject: str, detail: Mapping[str, object] | None = None
    ) -> AuditEvent:
        """Add one event to the chain."""
        tail = self._connection.execute(
            sa.select(t.audit.c.seq, t.audit.c.hash).order_by(t.audit.c.seq.desc()).limit(1)
        ).first()
        seq, previous = (1, GENESIS) if tail is None else (tail.seq + 1, tail.hash)
        detail = dict(detail or {})
        hash_ = link(seq, self._now, actor, action, subject, detail, previous)
        event = AuditEvent(seq, self._now, actor, action, subject, detail, previous, hash_)
        self._connection.execute(
            sa.insert(t.audit).values(
                seq=seq,
                at=self._now,
                actor=actor,
                action=action,
                subject=subject,
                detail=detail,
                previous=previous,
                hash=hash_,
            )
        )
        return event

    def events(self, subject: str = "") -> Iterator[AuditEvent]:
        """The chain from its start, or the events of one subject."""
        query = sa.select(t.audit).order_by(t.audit.c.seq)
        if subject:
            query = query.where(t.audit.c.subject == subject)
        for row in self._connection.execute(query):
            yield AuditEvent(
                row.seq, row.at, row.actor, row.action, row.subject, dict(row.detail), row.previous, row.hash
            )
