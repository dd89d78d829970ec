"""What happens while an action runs: its output in pieces, the wish to stop it, and how many run."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.domain.proposal import ProposalState, Started
from bot.store import running_tables as r
from bot.store import tables as t
from bot.store.records import Records

_RUNS = t.executions.c.ended_at.is_(None)
_EXECUTING = t.proposals.c.state == ProposalState.EXECUTING.value


class Executions(Records):
    def started(self, since: datetime) -> list[Started]:
        """Every action that was started after `since`, or runs now; the oldest first."""
        runs = sa.and_(_RUNS, _EXECUTING)
        query = (
            sa.select(
                t.proposals.c.tool,
                t.incidents.c.service,
                t.incidents.c.environment,
                t.executions.c.claimed_at,
                runs.label("is_running"),
            )
            .join(t.proposals, t.proposals.c.id == t.executions.c.proposal_id)
            .join(t.incidents, t.incidents.c.id == t.proposals.c.incident_id)
            .where(sa.or_(t.executions.c.claimed_at > since, runs))
            .order_by(t.executions.c.claimed_at)
        )
        return [
            Started(row.tool, row.service, row.environment, row.claimed_at, bool(row.is_running))
            for row in self._connection.execute(query)
        ]

    def note_before(self, proposal_id: int, value: object) -> None:
        """The value that verification compares with, as it was read and not as it is told."""
        self._connection.execute(
            sa.update(t.executions)
            .where(t.executions.c.proposal_id == proposal_id)
            .values(before_value=sa.null() if value is None else value)
        )

    def emit(self, proposal_id: int, fence: str, text: str) -> bool:
        """One more piece of its output; only the holder of the fence of a run that goes on can add one."""
        holds = sa.and_(t.executions.c.proposal_id == proposal_id, t.executions.c.fence == fence, _RUNS)
        if self._connection.execute(sa.select(t.executions.c.proposal_id).where(holds)).first() is None:
            return False
        last = sa.select(sa.func.max(r.output_pieces.c.number)).where(
            r.output_pieces.c.proposal_id == proposal_id
        )
        number = int(self._connection.execute(last).scalar() or 0) + 1
        self._connection.execute(
            sa.insert(r.output_pieces).values(proposal_id=proposal_id, number=number, text=text, at=self._now)
        )
        return True

    def pieces(self, proposal_id: int, after: int = 0) -> list[str]:
        """The output so far, in order, without its first `after` pieces."""
        query = (
            sa.select(r.output_pieces.c.text)
            .where(r.output_pieces.c.proposal_id == proposal_id, r.output_pieces.c.number > after)
            .order_by(r.output_pieces.c.number)
        )
        return [str(text) for text in self._connection.execute(query).scalars()]

    def ask_stop(self, proposal_id: int, by: str) -> bool:
        """Want a run stopped; False where it has ended, or somebody asked before."""
        changed = self._connection.execute(
            sa.update(t.executions)
            .where(t.executions.c.proposal_id == proposal_id, _RUNS, t.executions.c.stop_by == "")
            .values(stop_by=by, stop_at=self._now)
        )
        return changed.rowcount == 1

    def to_stop(self) -> list[int]:
        """The proposals whose run is to be stopped and goes on still."""
        query = (
            sa.select(t.executions.c.proposal_id)
            .join(t.proposals, t.proposals.c.id == t.executions.c.proposal_id)
            .where(_RUNS, _EXECUTING, t.executions.c.stop_by != "")
            .order_by(t.executions.c.proposal_id)
        )
        return [int(found) for found in self._connection.execute(query).scalars()]
