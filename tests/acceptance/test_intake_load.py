"""The small run of scripts/bench_intake: nothing accepted is lost or doubled, also over a kill -9."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.fault
@pytest.mark.timeout(180)
def test_what_was_accepted_is_there_once(tmp_path: Path) -> None:
    """Over real HTTP into a store on disk: at two stored counts, in a storm, and killed in one."""
    ran = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench_intake"), "--json", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    figures = json.loads(ran.stdout)
    assert [row["stored"] for row in figures["rate"]] == [0, 2000]
    assert figures["kills"]["kills"] == 1
    for part in ("storm", "kills"):
        assert (figures[part]["lost"], figures[part]["doubled"]) == (0, 0)
