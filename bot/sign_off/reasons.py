"""When what a person gives as their reason says something, wherever one is asked for."""

from __future__ import annotations

MIN_REASON = 10
"""Characters of a reason at least."""


def is_reason(given: str) -> bool:
    """Whether it is long enough, blanks around it aside."""
    return len(given.strip()) >= MIN_REASON
