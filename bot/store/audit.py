"""The audit log: appended to in the transaction of the deed, so refusing to record is refusing to act."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from bot.domain.records import AuditEvent
from bot.origin import origin
from bot.sign_off.audit import GENESIS, link
from bot.store import tables as t
from bot.store.records import Records


class Audit(Records):
    def append(
        self, actor: str, action: str, subject: str, detail: Mapping[str, object] | None = None
    ) -> AuditEvent:
        """Add one event to the chain, with the Slack ids of what led to it."""
        tail = self._connection.execute(
            sa.select(t.audit.c.seq, t.audit.c.hash).order_by(t.audit.c.seq.desc()).limit(1)
        ).first()
        seq, previous = (1, GENESIS) if tail is None else (tail.seq + 1, tail.hash)
        slack = origin()
        detail = {**(detail or {}), **({"slack": slack} if slack else {})}
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

    def events(self, subject: str = "", after: int = 0) -> Iterator[AuditEvent]:
        """The chain from its start or behind an event, or the events of one subject."""
        conditions = [t.audit.c.seq > after, *([t.audit.c.subject == subject] if subject else [])]
        yield from self._read(*conditions)

    def acted(self, *actions: str) -> list[AuditEvent]:
        """The events of certain actions."""
        return list(self._read(t.audit.c.action.in_(actions)))

    def get(self, seq: int) -> AuditEvent | None:
        """One event by its number."""
        return next(self._read(t.audit.c.seq == seq), None)

    def newest(self) -> int:
        """The number of the last event; 0 where there is none."""
        return int(self._connection.execute(sa.select(sa.func.max(t.audit.c.seq))).scalar() or 0)

    def _read(self, *conditions: sa.ColumnElement[bool]) -> Iterator[AuditEvent]:
        query = sa.select(t.audit).where(*conditions).order_by(t.audit.c.seq)
        for row in self._connection.execute(query):
            yield AuditEvent(
                row.seq, row.at, row.actor, row.action, row.subject, dict(row.detail), row.previous, row.hash
            )
