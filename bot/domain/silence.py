"""What a source is asked to be silent about while a mute is in force: one row a mute and source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Silence:
    """`until` is the end that the source knows; None: it keeps no silence that we know of.

    `is_done`: nothing more is told of it; `problem` says why the source did not take it, if it did not.
    """

    id: int
    mute_id: int
    source: str
    until: datetime | None
    is_done: bool
    attempts: int
    not_before: datetime | None
    problem: str
