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

# Made once, as each reading of a model asks for them: building a statement takes longer than running it.
_SAME = sa.and_(
    t.check_runs.c.incident_id == sa.bindparam("incident_id"),
    t.check_runs.c.tool == sa.bindparam("tool"),
    t.check_runs.c.arguments_digest == sa.bindparam("arguments_digest"),
)
_KNOWN = sa.select(t.check_runs.c.id).where(_SAME, t.check_runs.c.round == sa.bindparam("round"))
_LOWEST = sa.select(sa.func.min(t.check_runs.c.round)).where(_SAME)
_NEWEST = sa.select(t.check_runs).where(_SAME).order_by(t.check_runs.c.id.desc()).limit(1)
_REQUEST = sa.insert(t.check_runs)
_GET = sa.select(t.check_runs).where(t.check_runs.c.id == sa.bindparam("run"))
_FINISH = sa.update(t.check_runs).where(
    t.check_runs.c.id == sa.bindparam("run"), t.check_runs.c.ended_at.is_(None)
)


class Checks(Records):
    def request(self, incident_id: int, round_: int, tool: str, arguments: Mapping[str, object]) -> int:
        """Ask for one check with these arguments in one round; asking again gives the same run."""
        asked = _asked(incident_id, tool, arguments) | {"round": round_}
        known = self._connection.execute(_KNOWN, asked).scalar_one_or_none()
        return int(known) if known is not None else self._add(asked, arguments)

    def request_anew(self, incident_id: int, tool: str, arguments: Mapping[str, object]) -> int:
        """Ask for one check outside of all rounds: a new run each time. Its round counts down from -1."""
        asked = _asked(incident_id, tool, arguments)
        round_ = min(int(self._connection.execute(_LOWEST, asked).scalar_one() or 0), 0) - 1
        return self._add(asked | {"round": round_}, arguments)

    def newest(self, incident_id: int, tool: str, arguments: Mapping[str, object]) -> CheckRun | None:
        """The run of it that was asked for last, in whatever round."""
        row = self._connection.execute(_NEWEST, _asked(incident_id, tool, arguments)).first()
        return None if row is None else _run(row)

    def get(self, run_id: int) -> CheckRun | None:
        row = self._connection.execute(_GET, {"run": run_id}).first()
        return None if row is None else _run(row)

    def finish(self, run_id: int, result: CheckResult) -> None:
        """Write what the check gave, once."""
        written = {"ended_at": self._now, "result": asdict(result)}
        self._connection.execute(_FINISH, {"run": run_id} | written)

    def _add(self, asked: Mapping[str, object], arguments: Mapping[str, object]) -> int:
        row = {**asked, "arguments": dict(arguments), "requested_at": self._now}
        inserted = self._connection.execute(_REQUEST, row)
        assert inserted.inserted_primary_key is not None
        return int(inserted.inserted_primary_key[0])


def _asked(incident_id: int, tool: str, arguments: Mapping[str, object]) -> dict[str, object]:
    digest = hashlib.sha256(json.dumps(dict(arguments), sort_keys=True).encode()).hexdigest()
    return {"incident_id": incident_id, "tool": tool, "arguments_digest": digest}


def _run(row: Any) -> CheckRun:  # noqa: ANN401  # a row of check_runs
    result = None
    if row.result is not None:
        result = CheckResult(**{**row.result, "verdict": Verdict(row.result["verdict"])})
    arguments = dict(row.arguments)
    return CheckRun(row.id, row.incident_id, row.tool, arguments, row.ended_at, result, row.requested_at)
