"""Whether a target stayed the same while it was looked at: read by the pre-condition, and again after it."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.tool import CheckResult
from bot.errors import ArgumentRefused
from bot.tools.plan import target_of

Look = tuple[str, Mapping[str, object], CheckResult]
"""A check by name with its arguments, and what it read."""


def sign_second_look(plan: dict[str, object], first: Look, second: Look) -> None:
    """Have the plan cover what the verification's check saw of the target, after the pre-condition's.

    The same check must have seen the same. Of another check the plan says what it saw: its identity may be
    of another kind, and a change between signature and execution shows in the digest.

    Raises:
        ArgumentRefused: the target changed while it was looked at.
    """
    (check, arguments, before), (other, others, after) = first, second
    if (check, arguments) == (other, others):
        if before.identity != after.identity:
            seen = after.identity or f"nothing ({after.problem or 'no identity'})"
            raise ArgumentRefused(
                f"target: {check} saw {before.identity!r} and a moment later {seen!r}."
                " It changed while it was looked at; propose it again."
            )
    elif after.identity:
        plan["target"] = {**target_of(plan), "identity_by_verification": after.identity}
