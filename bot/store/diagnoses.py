"""Evidence and diagnoses of an incident, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from bot.domain.diagnosis import Diagnosis, Hypothesis, Method, Remedy
from bot.domain.evidence import Evidence, EvidenceKind
from bot.store import tables as t
from bot.store.records import Records


class Diagnoses(Records):
    def put_evidence(self, incident_id: int, pieces: Sequence[Evidence]) -> None:
        """Store the evidence of a round in place of the earlier one's."""
        self._connection.execute(sa.delete(t.evidence).where(t.evidence.c.incident_id == incident_id))
        for piece in pieces:
            values = asdict(piece) | {"incident_id": incident_id, "kind": piece.kind.value}
            self._connection.execute(sa.insert(t.evidence).values(values))

    def evidence(self, incident_id: int) -> list[Evidence]:
        """The evidence of the newest round, in the order of its numbers."""
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
        return sorted(pieces, key=lambda piece: int(piece.id[1:]))

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


def _diagnosis(body: dict[str, object]) -> Diagnosis:
    def texts(value: object) -> tuple[str, ...]:
        assert isinstance(value, list)
        return tuple(value)

    def rows(key: str) -> list[dict[str, object]]:
        value = body[key]
        assert isinstance(value, list)
        return value

    hypotheses = tuple(
        Hypothesis(
            **{  # type: ignore[arg-type]  # the columns are exactly the fields that asdict wrote
                **row,
                "citations": texts(row["citations"]),
                "contradicted_by": texts(row["contradicted_by"]),
            }
        )
        for row in rows("hypotheses")
    )
    remedies = tuple(
        Remedy(**{**row, "citations": texts(row["citations"])})  # type: ignore[arg-type]  # as above
        for row in rows("remedies")
    )
    lists = {key: texts(body[key]) for key in ("advice", "gaps", "caveats")}
    return Diagnosis(
        **{  # type: ignore[arg-type]  # as above
            **body,
            "method": Method(str(body["method"])),
            "hypotheses": hypotheses,
            "remedies": remedies,
            **lists,
        }
    )
