"""A target that changes while it is looked at cannot be signed, and does not run."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.tool import CheckResult, Verdict
from bot.errors import ArgumentRefused
from bot.sign_off.digest import digest
from bot.sign_off.rendering import parts
from bot.tools.identity import sign_second_look
from tests.unit.plans import PLAN


def _look(check: str, identity: str, **arguments: object) -> tuple[str, dict[str, object], CheckResult]:
    verdict = Verdict.HEALTHY if identity else Verdict.UNKNOWN
    return check, arguments, CheckResult(check, verdict, 9, "", identity, "", "" if identity else "no answer")


@pytest.mark.attack("G2")
@pytest.mark.parametrize("second", ["pid 813", ""])
def test_one_check_must_see_the_same_target_twice(second: str) -> None:
    """Another one, or nothing any more: refused, in words that say what to do."""
    with pytest.raises(ArgumentRefused, match="propose it again"):
        sign_second_look(dict(PLAN), _look("depth", "pid 812"), _look("depth", second))


@pytest.mark.attack("G2")
def test_what_another_check_sees_is_signed_and_shown() -> None:
    """Its identity may be of another kind; signed, a change of it is a change of the digest."""
    digests: set[str] = set()
    for seen in ("", "pod a", "pod b"):
        plan: dict[str, Any] = dict(PLAN)
        sign_second_look(plan, _look("depth", "pid 812"), _look("health", seen))
        digests.add(digest(plan))
        where = next(part.text for part in parts(plan) if part.label == "Where")
        assert seen in where and "pid 812" in where
    assert len(digests) == 3
    assert "identity_by_verification" not in PLAN["target"]  # type: ignore[operator]  # a mapping


def test_the_same_target_changes_nothing_of_a_plan() -> None:
    """So plans stay as they were for checks that read none, and for one check asked twice."""
    for first, second in (("pid 812", "pid 812"), ("", "")):
        plan = dict(PLAN)
        sign_second_look(plan, _look("depth", first, a=1), _look("depth", second, a=1))
        assert plan == PLAN
