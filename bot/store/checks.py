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

# Made once, as each reading of a model asks for them: building a statement takes longer than running it.
_KNOWN = sa.select(t.check_runs.c.id).where(
    t.check_runs.c.incident_id == sa.bindparam("incident_id"),
    t.check_runs.c.round == sa.bindparam("round"),
    t.check_runs.c.tool == sa.bindparam("tool"),
    t.check_runs.c.arguments_digest == sa.bindparam("arguments_digest"),
)
_REQUEST = sa.insert(t.check_runs)
_GET = sa.select(t.check_runs).where(t.check_runs.c.id == sa.bindparam("run"))
_FINISH = sa.update(t.check_runs).where(
    t.check_runs.c.id == sa.bindparam("run"), t.check_runs.c.ended_at.is_(None)
)


class Checks(Records):
    def request(self, incident_id: int, round_: int, tool: str, arguments: Mapping[str, object]) -> int:
        """Ask for one check with these arguments in one round; asking again gives the same run."""
        digest = hashlib.sha256(json.dumps(dict(arguments), sort_keys=True).encode()).hexdigest()
        asked = {"incident_id": incident_id, "round": round_, "tool": tool, "arguments_digest": digest}
        known = self._connection.execute(_KNOWN, asked).scalar_one_or_none()
        if known is not None:
            return int(known)
        new = asked | {"arguments": dict(arguments), "requested_at": self._now}
        inserted = self._connection.execute(_REQUEST, new)
        assert inserted.inserted_primary_key is not None
        return int(inserted.inserted_primary_key[0])

    def get(self, run_id: int) -> CheckRun | None:
        row = self._connection.execute(_GET, {"run": run_id}).first()
        if row is None:
            return None
        result = None
        if row.result is not None:
            result = CheckResult(**{**row.result, "verdict": Verdict(row.result["verdict"])})
        return CheckRun(row.id, row.incident_id, row.tool, dict(row.arguments), row.ended_at, result)

    def finish(self, run_id: int, result: CheckResult) -> None:
        """Write what the check gave, once."""
        written = {"ended_at": self._now, "result": asdict(result)}
        self._connection.execute(_FINISH, {"run": run_id} | written)
