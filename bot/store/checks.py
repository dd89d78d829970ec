"""Runs of checks: requested by row, carried out by the executor, their result written back to the row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict

import sqlalchemy as sa

from bot.domain.records import CheckRun
from bot.domain.tool import CheckResult, Verdict
from bot.store import tables as t
from bot.store.records import Records


class Checks(Records):
    def request(self, incident_id: int, round_: int, tool: str, arguments: Mapping[str, object]) -> int:
        """Ask for one check with these arguments in one round; asking again gives the same run."""
        digest = hashlib.sha256(json.dumps(dict(arguments), sort_keys=True).encode()).hexdigest()
        known = self._connection.execute(
            sa.select(t.check_runs.c.id).where(
                t.check_runs.c.incident_id == incident_id,
                t.check_runs.c.round == round_,
                t.check_runs.c.tool == tool,
                t.check_runs.c.arguments_digest == digest,
            )
        ).scalar_one_or_none()
        if known is not None:
            return int(known)
        inserted = self._connection.execute(
            sa.insert(t.check_runs).values(
                incident_id=incident_id,
                round=round_,
                tool=tool,
                arguments=dict(arguments),
                arguments_digest=digest,
                requested_at=self._now,
            )
        )
        assert inserted.inserted_primary_key is not None
        return int(inserted.inserted_primary_key[0])

    def get(self, run_id: int) -> CheckRun | None:
        row = self._connection.execute(sa.select(t.check_runs).where(t.check_runs.c.id == run_id)).first()
        if row is None:
            return None
        result = None
        if row.result is not None:
            result = CheckResult(**{**row.result, "verdict": Verdict(row.result["verdict"])})
        return CheckRun(row.id, row.incident_id, row.tool, dict(row.arguments), row.ended_at, result)

    def finish(self, run_id: int, result: CheckResult) -> None:
        """Write what the check gave, once."""
        self._connection.execute(
            sa.update(t.check_runs)
            .where(t.check_runs.c.id == run_id, t.check_runs.c.ended_at.is_(None))
            .values(ended_at=self._now, result=asdict(result))
        )
