"""Documents that somebody should look at: what speaks against them, who was told, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from bot.domain.curation import Finding, Strike, StrikeKind
from bot.store import curation_tables as t
from bot.store.records import Records

_NEWEST = 200


class Upkeep(Records):
    def strike(self, strikes: Iterable[Strike]) -> None:
        """Keep what an incident says against documents, each once."""
        for one in strikes:
            same = (
                t.strikes.c.document_id == one.document_id,
                t.strikes.c.incident_id == one.incident_id,
                t.strikes.c.kind == one.kind.value,
            )
            if self._connection.execute(sa.select(t.strikes.c.kind).where(*same)).first() is None:
                values = {"document_id": one.document_id, "incident_id": one.incident_id}
                values |= {"kind": one.kind.value, "detail": one.detail, "at": one.at}
                self._connection.execute(sa.insert(t.strikes).values(values))

    def strikes(self, since: datetime) -> list[Strike]:
        """What was said since then, oldest first."""
        query = sa.select(t.strikes).where(t.strikes.c.at >= since).order_by(t.strikes.c.at)
        return [_strike(row) for row in self._connection.execute(query)]

    def find(self, finding: Finding) -> None:
        """Keep that somebody should look at a document; a known one keeps since when and who was told."""
        known = self.finding(finding.document_id)
        fresh = {"title": finding.title, "reasons": list(finding.reasons), "addressee": finding.addressee}
        if known is None:
            values = fresh | {"document_id": finding.document_id, "since": finding.since}
            self._connection.execute(sa.insert(t.findings).values(values))
        else:
            change = sa.update(t.findings).where(t.findings.c.document_id == finding.document_id)
            self._connection.execute(change.values(fresh))

    def finding(self, document_id: str) -> Finding | None:
        found = self._findings(t.findings.c.document_id == document_id)
        return found[0] if found else None

    def findings(self) -> list[Finding]:
        """All of them, the oldest first."""
        return self._findings(sa.true())

    def clear(self, document_id: str) -> bool:
        """Nobody has to look at it any more; False where nobody had to."""
        gone = sa.delete(t.findings).where(t.findings.c.document_id == document_id)
        return self._connection.execute(gone).rowcount == 1

    def told(self, document_ids: Sequence[str]) -> None:
        change = sa.update(t.findings).where(t.findings.c.document_id.in_(list(document_ids)))
        self._connection.execute(change.values(told_at=self._now, later_until=None))

    def later(self, document_id: str, until: datetime) -> bool:
        """Tell them again at that time; False where nobody has to look at it."""
        change = sa.update(t.findings).where(t.findings.c.document_id == document_id)
        return self._connection.execute(change.values(later_until=until)).rowcount == 1

    def digest(self, addressee: str, documents: Mapping[str, str]) -> int:
        """Keep that somebody is told of these documents, id -> title; the number of that digest."""
        values = {"addressee": addressee, "documents": dict(documents), "at": self._now}
        made = self._connection.execute(sa.insert(t.digests).values(values))
        (number,) = made.inserted_primary_key or (0,)
        return int(number)

    def documents_of(self, digest_id: int) -> dict[str, str]:
        """What a digest is about: id -> title."""
        query = sa.select(t.digests.c.documents).where(t.digests.c.id == digest_id)
        return dict(self._connection.execute(query).scalar() or {})

    def digests_of(self, document_id: str) -> list[int]:
        """The newest digests that name a document."""
        newest = sa.select(t.digests).order_by(t.digests.c.id.desc()).limit(_NEWEST)
        return [row.id for row in self._connection.execute(newest) if document_id in row.documents]

    def last_digests(self) -> dict[str, datetime]:
        """By addressee: when they were told last."""
        query = sa.select(t.digests.c.addressee, sa.func.max(t.digests.c.at).label("at"))
        return {
            row.addressee: row.at for row in self._connection.execute(query.group_by(t.digests.c.addressee))
        }

    def _findings(self, which: sa.ColumnElement[bool]) -> list[Finding]:
        query = sa.select(t.findings).where(which).order_by(t.findings.c.since, t.findings.c.document_id)
        return [_finding(row) for row in self._connection.execute(query)]


def _strike(row: Row[Any]) -> Strike:
    return Strike(row.document_id, row.incident_id, StrikeKind(row.kind), row.detail, row.at)


def _finding(row: Row[Any]) -> Finding:
    return Finding(**(dict(row._mapping) | {"reasons": tuple(row.reasons)}))
