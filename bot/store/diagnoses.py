"""Evidence and diagnoses of an incident, round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import sqlalchemy as sa

from bot.domain.diagnosis import Claim, Diagnosis, Hypothesis, Method, Quote, Remedy
from bot.domain.evidence import READ_FOR_A_QUESTION, Evidence, EvidenceKind
from bot.store import tables as t
from bot.store.records import Records

_ADD = sa.insert(t.evidence)
_CLAIMS = ("symptoms", "ruled_out", "reach")
_TEXTS = ("advice", "gaps", "caveats", "next_checks")


class Diagnoses(Records):
    def put_evidence(self, incident_id: int, pieces: Sequence[Evidence]) -> None:
        """Store the evidence of a round in place of the earlier one's; what was read for questions stays."""
        of_a_round = sa.not_(t.evidence.c.id.startswith(READ_FOR_A_QUESTION, autoescape=True))
        self._connection.execute(
            sa.delete(t.evidence).where(t.evidence.c.incident_id == incident_id, of_a_round)
        )
        self.add_evidence(incident_id, pieces)

    def add_evidence(self, incident_id: int, pieces: Sequence[Evidence]) -> None:
        """Store more of it."""
        rows = [asdict(piece) | {"incident_id": incident_id, "kind": piece.kind.value} for piece in pieces]
        if rows:
            self._connection.execute(_ADD, rows)

    def evidence(self, incident_id: int) -> list[Evidence]:
        """The evidence of the newest round in the order of its numbers, then what was read for questions."""
        rows = self._connection.execute(sa.select(t.evidence).where(t.evidence.c.incident_id == incident_id))
        pieces = [
            Evidence(
                row.id,
                EvidenceKind(row.kind),
                row.title,
                row.text,
                row.source,
                row.at,
                row.digest,
                dict(row.facts),
            )
            for row in rows
        ]
        return sorted(pieces, key=lambda piece: (piece.id[0], int(piece.id[1:])))

    def put(self, incident_id: int, round_: int, diagnosis: Diagnosis) -> None:
        """Store the diagnosis of a round; the same round written again is replaced."""
        self._connection.execute(
            sa.delete(t.diagnoses).where(
                t.diagnoses.c.incident_id == incident_id, t.diagnoses.c.round == round_
            )
        )
        self._connection.execute(
            sa.insert(t.diagnoses).values(
                incident_id=incident_id, round=round_, at=self._now, body=asdict(diagnosis)
            )
        )

    def latest(self, incident_id: int) -> Diagnosis | None:
        """The diagnosis of the newest round that has one."""
        query = (
            sa.select(t.diagnoses.c.body)
            .where(t.diagnoses.c.incident_id == incident_id)
            .order_by(t.diagnoses.c.round.desc())
            .limit(1)
        )
        body = self._connection.execute(query).scalar_one_or_none()
        return None if body is None else _diagnosis(body)

    def last_round(self, incident_id: int) -> int:
        """The newest round that has a diagnosis; 0 before the first."""
        query = sa.select(sa.func.max(t.diagnoses.c.round)).where(t.diagnoses.c.incident_id == incident_id)
        return int(self._connection.execute(query).scalar_one() or 0)


def _diagnosis(body: Mapping[str, Any]) -> Diagnosis:
    """A row as it was written; what an older version did not write has its default."""
    known = {field.name for field in fields(Diagnosis)}
    lists = {
        "hypotheses": tuple(_hypothesis(row) for row in body["hypotheses"]),
        "remedies": tuple(Remedy(**row | {"citations": tuple(row["citations"])}) for row in body["remedies"]),
    }
    claims = {name: tuple(_claim(row) for row in body.get(name, ())) for name in _CLAIMS}
    texts = {name: tuple(body.get(name, ())) for name in _TEXTS}
    rest = {name: value for name, value in body.items() if name in known}
    return Diagnosis(**rest | lists | claims | texts | {"method": Method(body["method"])})


def _hypothesis(row: Mapping[str, Any]) -> Hypothesis:
    tuples = {name: tuple(row[name]) for name in ("citations", "contradicted_by")}
    return Hypothesis(**dict(row) | tuples | {"quotes": _quotes(row)})


def _claim(row: Mapping[str, Any]) -> Claim:
    return Claim(row["text"], tuple(row["citations"]), _quotes(row))


def _quotes(row: Mapping[str, Any]) -> tuple[Quote, ...]:
    return tuple(Quote(**quote) for quote in row.get("quotes", ()))
