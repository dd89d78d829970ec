"""Ephemeral messages: what the app shows to one person only, kept until that person loads anew."""

from collections import defaultdict

from bot.playground.workspace.drafts import Draft, written
from bot.playground.workspace.elements import with_ids
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.identifiers import Timestamps
from bot.playground.workspace.rooms import Room, for_page
from bot.playground.workspace.team import Team

_KEPT = 200


class Whispers:
    """For each person what only they were shown, oldest first."""

    def __init__(self, team: Team, feed: Feed, timestamps: Timestamps) -> None:
        self._team = team
        self._feed = feed
        self._timestamps = timestamps
        self._shown: defaultdict[str, list[Json]] = defaultdict(list)

    def to(self, user: str) -> list[Json]:
        """What that person was shown, oldest first."""
        return list(self._shown[user])

    def show(self, room: Room, user: str, draft: Draft) -> Json:
        """Shows a message of the app to one person, who stands as its `user`; returns it."""
        message = written(self._team, self._team.bot, draft)
        message |= {"ts": self._timestamps.next(), "channel": room.id, "is_ephemeral": True, "user": user}
        message |= {"thread_ts": draft.thread_ts} if draft.thread_ts else {}
        kept = self._shown[user]
        kept.append(message)
        del kept[:-_KEPT]
        self._tell(message)
        return message

    def replace(self, user: str, ts: str, draft: Draft | None) -> None:
        """Replaces an ephemeral message in place, or takes it away (None).

        Raises:
            Refused: `message_not_found`.
        """
        kept = self._shown[user]
        message = next((m for m in kept if m["ts"] == ts), None)
        if message is None:
            raise Refused("message_not_found")
        if draft is None:
            kept.remove(message)
            self._feed.tell({user}, {"type": "message_deleted", "channel": message["channel"], "ts": ts})
            return
        message["text"], message["blocks"] = draft.text, with_ids(draft.blocks or [])
        self._tell(message)

    def clear(self) -> None:
        """Forgets all of them."""
        self._shown.clear()

    def _tell(self, message: Json) -> None:
        event = {"type": "ephemeral", "channel": message["channel"], "message": for_page(message)}
        self._feed.tell({message["user"]}, event)
