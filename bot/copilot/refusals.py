"""What senders with a right proof sent and was refused: kept by source, and told in Slack, seldom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.announcements import announce_text
from bot.domain.senders import TurnedAway
from bot.domain.store import Tx

TELL_EVERY = timedelta(hours=1)


def note_refusals(tx: Tx, refused: Iterable[TurnedAway]) -> None:
    """Keep the newest of each source, and tell people of it: at most once an hour and source.

    Only what a sender with a right proof sent may come here: nobody else can make Vigie speak.
    """
    for one in refused:
        known = tx.refusals.note(one)
        if known.told_at is None or tx.now - known.told_at >= TELL_EVERY:
            key = f"refused:{one.source}:{tx.now.isoformat()}"
            announce_text(tx, key, _told(one.source, known.untold), foreign=one.problem)
            tx.refusals.tell(one.source)


def _told(source: str, deliveries: int) -> str:
    often = "a delivery" if deliveries == 1 else f"{deliveries} deliveries"
    return (
        f":warning: *Vigie refused alerts of `{source}`*: {often}, in part or whole, the newest for the"
        " reason below. What is refused opens no incident, so mend it at the sender. This is said once an"
        " hour at most; `/health` and the log have the newest reason."
    )
