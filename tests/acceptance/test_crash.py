"""Killed with SIGKILL in the middle of one incident and started again: nothing is lost and nothing doubled.

`scripts/bench_crash --size full` tries every place; these are the ones where most can go wrong.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import play

PLACES = [
    "serve commit#6",  # an alert whose sender was not answered yet
    "serve slack post done#4",  # Slack has the message, and the rows do not say so
    "executor tool#1",  # claimed, and nothing was touched
    "executor tool done#1",  # it took effect, and nobody has written that down
    "serve learn#1",
]


@pytest.mark.fault
@pytest.mark.timeout(240)
@pytest.mark.parametrize("place", PLACES)
async def test_a_kill_loses_nothing_and_doubles_nothing(place: str, tmp_path: Path) -> None:
    """One incident, each message once, at most one run an execution, a whole audit chain, one document."""
    played = await play(tmp_path / "world", place)
    assert played.reached, f"the story did not pass {place}; see scripts/bench_crash"
    assert not played.problems
