"""The audit chain: each event's hash covers the one before, so an edit, a gap or a swap shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from bot.domain.records import AuditEvent
from bot.sign_off.digest import canonical

GENESIS = "0" * 64


def link(
    seq: int, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, object], previous: str
) -> str:
    """The hash of an event: sha256 over all its fields and the hash before it."""
    text = canonical([seq, at.astimezone(UTC).isoformat(), actor, action, subject, detail, previous])
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken(
    events: Iterable[AuditEvent], previous: str = GENESIS, expected: int = 1
) -> tuple[int, str] | None:
    """The first event that does not verify, with the reason; None when the whole chain holds.

    `previous` and `expected` are the hash before the first of `events`, and its number.
    """
    for event in events:
        if event.seq != expected:
            return event.seq, f"event {expected} is missing or out of order"
        if event.previous != previous:
            return event.seq, "it does not follow the event before it"
        fresh = link(
            event.seq, event.at, event.actor, event.action, event.subject, event.detail, event.previous
        )
        if fresh != event.hash:
            return event.seq, "its content was changed after it was written"
        previous, expected = event.hash, expected + 1
    return None
