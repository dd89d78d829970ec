"""Who reads an answer: channels and people, and the teams that they count as."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from knowledge.model import Query

# (readers, everybody that a limit names) -> what of these the readers belong to, and what could not be told.
Belongs = Callable[[frozenset[str], frozenset[str]], tuple[frozenset[str], str]]


def with_teams(query: Query, belongs: Belongs | None, limits: Iterable[tuple[str, ...]]) -> tuple[Query, str]:
    """The query read by all that its readers count as; nobody is asked where no document is limited."""
    named = frozenset(one for access in limits for one in access)
    if query.seen_by is None or belongs is None or not named:
        return query, ""
    teams, untold = belongs(query.seen_by, named)
    return replace(query, seen_by=query.seen_by | teams), untold
