"""Runs of checks: requested by row, carried out by the executor, their result written back to the row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from bot.domain.records import CheckRun
from bot.domain.tool import CheckResult, Verdict
from bot.store import tables as t
from bot.store.records import Records


class Checks(Records):
    def request(self, incident_id: int, round_: int, tool: str, arguments: Mapping[str, object]) -> int:
        """Ask for one check with these arguments in one round; asking again gives the same run."""
        same = self._same(incident_id, tool, arguments)
        known = self._connection.execute(
            sa.select(t.check_runs.c.id).where(same, t.check_runs.c.round == round_)
        ).scalar_one_or_none()
        return int(known) if known is not None else self._add(incident_id, round_, tool, arguments)

    def request_anew(self, incident_id: int, tool: str, arguments: Mapping[str, object]) -> int:
        """Ask for one check outside of all rounds: a new run each time. Its round counts down from -1."""
        lowest = sa.select(sa.func.min(t.check_runs.c.round)).where(self._same(incident_id, tool, arguments))
        round_ = min(int(self._connection.execute(lowest).scalar_one() or 0), 0) - 1
        return self._add(incident_id, round_, tool, arguments)

    def newest(self, incident_id: int, tool: str, arguments: Mapping[str, object]) -> CheckRun | None:
        """The run of it that was asked for last, in whatever round."""
        query = sa.select(t.check_runs).where(self._same(incident_id, tool, arguments))
        row = self._connection.execute(query.order_by(t.check_runs.c.id.desc()).limit(1)).first()
        return None if row is None else _run(row)

    def get(self, run_id: int) -> CheckRun | None:
        row = self._connection.execute(sa.select(t.check_runs).where(t.check_runs.c.id == run_id)).first()
        return None if row is None else _run(row)

    def finish(self, run_id: int, result: CheckResult) -> None:
        """Write what the check gave, once."""
        self._connection.execute(
            sa.update(t.check_runs)
            .where(t.check_runs.c.id == run_id, t.check_runs.c.ended_at.is_(None))
            .values(ended_at=self._now, result=asdict(result))
        )

    def _add(self, incident_id: int, round_: int, tool: str, arguments: Mapping[str, object]) -> int:
        inserted = self._connection.execute(
            sa.insert(t.check_runs).values(
                incident_id=incident_id,
                round=round_,
                tool=tool,
                arguments=dict(arguments),
                arguments_digest=_digest(arguments),
                requested_at=self._now,
            )
        )
        assert inserted.inserted_primary_key is not None
        return int(inserted.inserted_primary_key[0])

    @staticmethod
    def _same(incident_id: int, tool: str, arguments: Mapping[str, object]) -> sa.ColumnElement[bool]:
        return sa.and_(
            t.check_runs.c.incident_id == incident_id,
            t.check_runs.c.tool == tool,
            t.check_runs.c.arguments_digest == _digest(arguments),
        )


def _digest(arguments: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(dict(arguments), sort_keys=True).encode()).hexdigest()


def _run(row: Any) -> CheckRun:  # noqa: ANN401  # a row of check_runs
    result = None
    if row.result is not None:
        result = CheckResult(**{**row.result, "verdict": Verdict(row.result["verdict"])})
    arguments = dict(row.arguments)
    return CheckRun(row.id, row.incident_id, row.tool, arguments, row.ended_at, result, row.requested_at)
