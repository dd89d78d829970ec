"""What senders with a right proof sent and was refused: kept by source, and told in Slack, seldom."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.announcements import announce_text
from bot.domain.senders import Refused, TurnedAway
from bot.domain.store import Tx

TELL_EVERY = timedelta(hours=1)


def note_refusals(tx: Tx, refused: Iterable[TurnedAway]) -> None:
    """Keep the newest of each source, and tell people of it: at most once an hour and source.

    Only what a sender with a right proof sent may come here: nobody else can make Vigie speak.
    """
    for one in refused:
        known = tx.refusals.note(one)
        if known.told_at is None or tx.now - known.told_at >= TELL_EVERY:
            announce_refused(tx, known)
            tx.refusals.tell(one.source)


def announce_refused(tx: Tx, known: Refused) -> None:
    """What was refused of a source since people were told last, and why the newest of it was."""
    often = "a delivery" if known.untold == 1 else f"{known.untold} deliveries"
    text = (
        f":warning: *Vigie refused alerts of `{known.source}`* in {often}, the newest for the reason below."
        " What is refused opens no incident, so mend it at the sender. This is said once an hour at most;"
        " `/health` and the log have the newest reason."
    )
    announce_text(tx, f"refused:{known.source}:{known.last_at.isoformat()}", text, foreign=known.problem)
