"""The list of guards fits the code: each can be taken out, names tests that there are, and is missed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.guards.taking_out import ROOT, Guard, Tree, load, problem_of, sample

GUARDS = load()


def test_every_guard_is_still_there_and_names_its_tests() -> None:
    """Code moves; then the entry is mended, and no guard is lost without a word."""
    assert {guard.id: problem for guard in GUARDS if (problem := problem_of(guard))} == {}


def test_guards_are_many_and_each_has_one_name() -> None:
    """At least 60, over all layers."""
    assert len({guard.id for guard in GUARDS}) == len(GUARDS) >= 60
    layers = {str(Path(guard.file).parent) for guard in GUARDS}
    assert layers >= {"bot/sign_off", "bot/copilot", "bot/store", "bot/tools", "bot/web", "bot/slack"}


def test_a_guard_that_is_gone_is_missed() -> None:
    """One of the quick ones, as `scripts/guards` does with all of them."""
    quick = [guard for guard in GUARDS if guard.quick]
    command = [sys.executable, str(ROOT / "scripts" / "guards"), "--only", sample(quick, 1, seed=3)[0].id]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "red " in ran.stdout


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"code": "this stands nowhere"}, "stands 0 times"),
        ({"code": "\n"}, "times in"),
        ({"without": "    if (:\n"}, "is no Python"),
        ({"tests": ("tests/unit/test_gone.py",)}, "does not exist"),
        ({"tests": ("tests/unit/test_sign_off_quorum.py -k gone",)}, "no test of"),
        ({"tests": ()}, "names no test"),
    ],
)
def test_a_stale_entry_is_told(changes: dict[str, object], problem: str) -> None:
    """Not found, found too often, broken without it, or nobody who could notice."""
    found = next(guard for guard in GUARDS if guard.id == "proposer-never-signs")
    assert problem in problem_of(Guard(**{**vars_of(found), **changes}))  # type: ignore[arg-type]  # its fields


def test_a_guard_that_nobody_misses_is_told(tmp_path: Path) -> None:
    """A patch that changes nothing that the tests look at."""
    found = next(guard for guard in GUARDS if guard.id == "a-rule-needs-somebody")
    idle = Guard(**{**vars_of(found), "without": f"{found.code}            pass\n"})  # type: ignore[arg-type]
    seen = Tree(tmp_path).take_out(idle)
    assert not seen.red
    assert seen.problem == "no test noticed"


def vars_of(guard: Guard) -> dict[str, object]:
    return {name: getattr(guard, name) for name in guard.__dataclass_fields__}
