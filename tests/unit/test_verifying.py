"""Whether it is worse than before: no longer well, or further from what it should be; never by a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.proposal import Execution
from bot.domain.tool import CheckResult, Expectation, Verdict
from bot.tools.verifying import is_worse
from tests.specimens import values
from tests.specimens.voices import ORDINARY

RUN = Execution(7, "fence", values.NOW, before_value=9)


def read(value: object, verdict: Verdict = Verdict.FAULTY) -> CheckResult:
    return CheckResult("look", verdict, value, "points", "", "")


@pytest.mark.parametrize(
    ("before", "verdict", "after", "expect", "worse"),
    [
        (9, "faulty", read(10), Expectation("at_most", 5), True),
        (9, "faulty", read(9), Expectation("at_most", 5), False),
        (9, "faulty", read(8), Expectation("at_most", 5), False),
        (2, "faulty", read(1), Expectation("at_least", 5), True),
        (2, "faulty", read(3), Expectation("at_least", 5), False),
        (3, "healthy", read(9), Expectation("at_most", 5), True),
        (False, "healthy", read(True), Expectation("equals", False), True),
        (True, "faulty", read(True), Expectation("equals", False), False),
        (False, "faulty", read(True), Expectation("at_most", 0), False),
        (9, "faulty", read(20, Verdict.UNKNOWN), Expectation("at_most", 5), False),
        (9, "faulty", read(3, Verdict.HEALTHY), Expectation("at_most", 5), False),
        (9, "faulty", read("ten"), Expectation("at_most", 5), False),
        (None, "unknown", read(10), Expectation("at_most", 5), False),
        (9, "faulty", read(10), None, False),
    ],
)
def test_worse_is_what_the_check_says(
    before: object, verdict: str, after: CheckResult, expect: Expectation | None, worse: bool
) -> None:
    """Values are compared as numbers alone, in the direction in which they should be."""
    proposal = values.proposal(ORDINARY, before_verdict=verdict)
    assert is_worse(proposal, replace(RUN, before_value=before), after, expect) is worse


def test_what_did_not_run_made_nothing_worse() -> None:
    """Without a run there is nothing to compare with."""
    proposal = values.proposal(ORDINARY, before_verdict="healthy")
    assert not is_worse(proposal, None, read(9), Expectation("at_most", 5))
