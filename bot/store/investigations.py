"""How far an investigation is, the long texts that it read, and what became of what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from bot.domain.diagnosis import Hindsight, Method
from bot.domain.investigation import Investigation, Step
from bot.store import investigation_tables as i
from bot.store.records import Records

RECENT = 500
"""So many outcomes count: what was so long ago says little of the model of today."""
# Made once, as each turn of a model asks for them: building a statement takes longer than running it.
_ROUND = sa.and_(
    i.investigations.c.incident_id == sa.bindparam("incident"),
    i.investigations.c.round == sa.bindparam("of_round"),
)
_STEPS = sa.select(i.investigations.c.steps).where(_ROUND)
_CHANGE = sa.update(i.investigations).where(_ROUND)
_NEWEST = (
    sa.select(i.investigations)
    .where(i.investigations.c.incident_id == sa.bindparam("incident"))
    .order_by(i.investigations.c.round.desc())
    .limit(1)
)
_KEPT = sa.select(i.contents.c.digest).where(i.contents.c.digest == sa.bindparam("wanted"))
_WHOLE = sa.select(i.contents.c.text).where(i.contents.c.digest == sa.bindparam("wanted"))
_KEEP = sa.insert(i.contents)


class Investigations(Records):
    def begin(self, incident_id: int, round_: int) -> None:
        """A round begins, or begins again after a crash: its lines are drawn anew, a stop stays."""
        if self._connection.execute(_STEPS, _round(incident_id, round_)).first() is None:
            self._connection.execute(
                sa.insert(i.investigations).values(
                    incident_id=incident_id, round=round_, started_at=self._now, plan=[], steps=[]
                )
            )
        else:
            self._change(incident_id, round_, plan=[], steps=[], ended_at=None)

    def plan(self, incident_id: int, round_: int, lines: Sequence[str]) -> None:
        self._change(incident_id, round_, plan=list(lines))

    def step(self, incident_id: int, round_: int, steps: Sequence[Step]) -> list[int]:
        """Add lines to the progress; their places."""
        known = self._steps(incident_id, round_)
        self._change(incident_id, round_, steps=[*known, *(asdict(step) for step in steps)])
        return list(range(len(known), len(known) + len(steps)))

    def done(self, incident_id: int, round_: int, said: Mapping[int, str]) -> None:
        """Say what came of some lines, by their places."""
        steps = self._steps(incident_id, round_)
        for place, outcome in said.items():
            if place < len(steps):
                steps[place] = steps[place] | {"said": outcome}
        self._change(incident_id, round_, steps=steps)

    def stop(self, incident_id: int, by: str) -> bool:
        """A person wants it to end; False when nothing is under way, or it was stopped before."""
        known = self.get(incident_id)
        if known is None or known.ended_at is not None or known.stopped_by:
            return False
        self._change(incident_id, known.round, stopped_by=by)
        return True

    def end(self, incident_id: int, round_: int, note: str) -> None:
        """It is over; `note` says why where it was not done."""
        self._change(incident_id, round_, ended_at=self._now, note=note)

    def get(self, incident_id: int) -> Investigation | None:
        """The newest round that was read for."""
        row = self._connection.execute(_NEWEST, {"incident": incident_id}).first()
        if row is None:
            return None
        values = dict(row._mapping) | {
            "plan": tuple(row.plan),
            "steps": tuple(Step(**step) for step in row.steps),
        }
        return Investigation(**values)

    def keep(self, texts: Mapping[str, str]) -> None:
        """Keep long texts whole, by the digest of their content."""
        for digest, text in texts.items():
            if self._connection.execute(_KEPT, {"wanted": digest}).first() is None:
                self._connection.execute(_KEEP, {"digest": digest, "text": text, "at": self._now})

    def whole(self, digest: str) -> str | None:
        """The text with this digest; None where it was short enough to stand in the evidence itself."""
        found: str | None = self._connection.execute(_WHOLE, {"wanted": digest}).scalar_one_or_none()
        return found

    def note_outcome(self, outcome: Hindsight) -> None:
        """What became of a diagnosis, once."""
        values = asdict(outcome) | {"method": outcome.method.value, "at": self._now}
        where = i.outcomes.c.incident_id == outcome.incident_id
        if self._connection.execute(sa.select(i.outcomes.c.incident_id).where(where)).first() is None:
            self._connection.execute(sa.insert(i.outcomes).values(values))

    def outcomes(self) -> list[Hindsight]:
        """The newest ones."""
        query = sa.select(i.outcomes).order_by(i.outcomes.c.incident_id.desc()).limit(RECENT)
        return [
            Hindsight(r.incident_id, Method(r.method), r.predicted, r.confirmed, r.earned, r.is_right)
            for r in self._connection.execute(query)
        ]

    def _steps(self, incident_id: int, round_: int) -> list[dict[str, object]]:
        found = self._connection.execute(_STEPS, _round(incident_id, round_)).scalar_one_or_none()
        return list(found or ())

    def _change(self, incident_id: int, round_: int, **values: object) -> None:
        self._connection.execute(_CHANGE, _round(incident_id, round_) | values)


def _round(incident_id: int, round_: int) -> dict[str, object]:
    return {"incident": incident_id, "of_round": round_}
