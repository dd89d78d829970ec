"""One conversation: a public or private channel, or the app's direct messages with one person."""

import copy
from dataclasses import dataclass, field
from typing import Literal

from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.people import Person

RoomKind = Literal["channel", "group", "im"]


@dataclass
class Room:
    """Messages by timestamp, oldest first. Channels that are private are `group` in Slack's words."""

    id: str
    name: str
    kind: RoomKind
    members: set[str]
    created: int = 0
    archived: bool = False
    messages: dict[str, Json] = field(default_factory=dict)

    def seen_by(self, person: Person) -> bool:
        """Whether this person may read here: members may, and in a public channel all who are no guests."""
        return person.id in self.members or (self.kind == "channel" and not person.is_guest)

    def refuse_if_archived(self, error: str) -> None:
        """Lets pass while the channel is in use.

        Raises:
            Refused: with that error, for an archived channel.
        """
        if self.archived:
            raise Refused(error)

    def message(self, ts: str) -> Json:
        """The stored message itself.

        Raises:
            Refused: `message_not_found`.
        """
        if ts not in self.messages:
            raise Refused("message_not_found")
        return self.messages[ts]

    def root_of(self, thread_ts: str) -> Json:
        """The message that a thread hangs on; a reply's timestamp leads to its thread.

        Raises:
            Refused: `thread_not_found`.
        """
        root = self.messages.get(thread_ts)
        if root is None or root.get("thread_ts", thread_ts) not in self.messages:
            raise Refused("thread_not_found")
        return self.messages[root.get("thread_ts", thread_ts)]

    def replies(self, root_ts: str) -> list[Json]:
        """The replies below that message, oldest first."""
        return [m for m in self.messages.values() if m.get("thread_ts") == root_ts and m["ts"] != root_ts]

    def main_line(self) -> list[Json]:
        """What stands in the channel itself: no replies, but those sent to the channel too."""
        return [
            m
            for m in self.messages.values()
            if m.get("thread_ts", m["ts"]) == m["ts"] or m.get("subtype") == "thread_broadcast"
        ]

    def count_replies(self, root_ts: str) -> None:
        """Brings the reply counters of a thread's root up to date."""
        root, replies = self.messages[root_ts], self.replies(root_ts)
        for key in (
            "reply_count",
            "reply_users_count",
            "latest_reply",
            "reply_users",
            "is_locked",
            "subscribed",
        ):
            root.pop(key, None)
        if not replies:
            root.pop("thread_ts", None)
            return
        users = list(dict.fromkeys(reply["user"] for reply in replies))
        root |= {
            "thread_ts": root_ts,
            "reply_count": len(replies),
            "reply_users_count": len(users),
            "latest_reply": replies[-1]["ts"],
            "reply_users": users,
            "is_locked": False,
            "subscribed": False,
        }


def shown(message: Json, *, metadata: bool = False) -> Json:
    """A copy to hand out; metadata only when it was asked for."""
    outward = copy.deepcopy(message)
    if not metadata:
        outward.pop("metadata", None)
    return outward


def for_page(message: Json) -> Json:
    """A copy for a person's page; a reply that was sent to the channel too is marked as such."""
    broadcast = {"reply_broadcast": True} if message.get("subtype") == "thread_broadcast" else {}
    return shown(message) | broadcast
