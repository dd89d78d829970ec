"""Where in Slack a deed came from: carried beside the call, so that no audit event of it can lack it.

Ids alone, noted and never believed: nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_origin: ContextVar[Mapping[str, str]] = ContextVar("origin", default={})  # noqa: B039  # never changed in place


@contextmanager
def came_from(ids: Mapping[str, str]) -> Iterator[None]:
    """Everything recorded within, in threads started from here too, came from there."""
    token = _origin.set(dict(ids))
    try:
        yield
    finally:
        _origin.reset(token)


def origin() -> dict[str, str]:
    """The Slack ids of what is being carried out; empty where Slack has no part in it."""
    return dict(_origin.get())
