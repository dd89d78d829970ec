"""Writing: posts, edits, deletions and ephemerals, each told to the open pages and to the app as events."""

import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bot.playground.workspace.elements import with_ids
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.identifiers import Timestamps
from bot.playground.workspace.people import Channel, Person
from bot.playground.workspace.rooms import Room, RoomKind, for_page, shown
from bot.playground.workspace.team import Team
from bot.playground.workspace.typed import rich_text

_SCOPES = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}
_EPHEMERALS_KEPT = 200


@dataclass(frozen=True)
class Draft:
    """A message about to be written."""

    text: str = ""
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    metadata: Json | None = None
    thread_ts: str | None = None
    broadcast: bool = False


class Board:
    """All rooms of the workspace. `announce` takes each event that the app may be told."""

    def __init__(
        self, team: Team, channels: list[Channel], feed: Feed, announce: Callable[[Json], None]
    ) -> None:
        self.team = team
        self.feed = feed
        self.timestamps = Timestamps()
        self.announce = announce
        self.rooms: dict[str, Room] = {}
        self.ephemerals: defaultdict[str, list[Json]] = defaultdict(list)
        now = int(time.time())
        for channel in channels:
            kind: RoomKind = "group" if channel.private else "channel"
            self.rooms[channel.id] = Room(channel.id, channel.name, kind, set(channel.members), now)
        for person in team.people.values():
            if not person.is_bot:
                direct = "D" + person.id[1:]
                self.rooms[direct] = Room(direct, "directmessage", "im", {person.id, team.bot.id}, now)

    def room(self, channel: str) -> Room:
        """The room of that id, or of that #name, or the direct messages with a person of that id.

        Raises:
            Refused: `channel_not_found`.
        """
        if channel in self.team.people:
            channel = "D" + channel[1:]
        named = (
            room
            for room in self.rooms.values()
            if channel in ("#" + room.name, room.name) and room.kind != "im"
        )
        room = self.rooms.get(channel) or next(named, None)
        if room is None:
            raise Refused("channel_not_found")
        return room

    def post(self, room: Room, author: Person, draft: Draft) -> Json:
        """Stores a message and tells of it; returns the stored message."""
        root = room.root_of(draft.thread_ts) if draft.thread_ts else None
        message = self._written(author, draft) | {"ts": self.timestamps.next()}
        if root is not None:
            message |= {"thread_ts": root["ts"], "parent_user_id": root["user"]}
            if draft.broadcast:
                message |= {"subtype": "thread_broadcast", "root": shown(root)}
        room.messages[message["ts"]] = message
        self._tell(room, "message", message)
        if root is not None:
            room.count_replies(root["ts"])
            self._tell(room, "message_changed", root)
        self._announce_message(room, message)
        return message

    def edit(self, room: Room, ts: str, draft: Draft) -> Json:
        """Replaces what a message says; what the draft leaves None stays. Returns the stored message."""
        message = room.message(ts)
        before = shown(message)
        message["text"] = draft.text
        if draft.blocks:
            message["blocks"] = with_ids(draft.blocks)
        elif draft.blocks is not None:
            message.pop("blocks", None)
        if draft.attachments is not None:
            message["attachments"] = draft.attachments
        if draft.metadata is not None:
            message["metadata"] = draft.metadata
        message["edited"] = {"user": message["user"], "ts": self.timestamps.next()}
        self._tell(room, "message_changed", message)
        changed = {"subtype": "message_changed", "message": shown(message), "previous_message": before}
        self._announce(room, changed | {"ts": message["edited"]["ts"]})
        return message

    def delete(self, room: Room, ts: str) -> None:
        """Removes a message; the root of a thread leaves a tombstone."""
        message = room.message(ts)
        before = shown(message)
        root_ts = message.get("thread_ts", ts)
        if root_ts == ts and room.replies(ts):
            for key in ("blocks", "attachments", "metadata"):
                message.pop(key, None)
            message |= {"subtype": "tombstone", "text": "This message was deleted.", "hidden": True}
            self._tell(room, "message_changed", message)
        else:
            del room.messages[ts]
            self.feed.tell(self._readers(room), {"type": "message_deleted", "channel": room.id, "ts": ts})
            if root_ts != ts and root_ts in room.messages:
                room.count_replies(root_ts)
                self._tell(room, "message_changed", room.messages[root_ts])
        deleted = {"subtype": "message_deleted", "deleted_ts": ts, "previous_message": before}
        self._announce(room, deleted | {"ts": self.timestamps.next()})

    def react(self, room: Room, ts: str, name: str) -> None:
        """Adds one emoji of the bot.

        Raises:
            Refused: `message_not_found`, `already_reacted`.
        """
        message = room.message(ts)
        reactions: list[Json] = message.setdefault("reactions", [])
        mine = next((r for r in reactions if r["name"] == name), None)
        if mine is None:
            reactions.append({"name": name, "users": [self.team.bot.id], "count": 1})
        elif self.team.bot.id in mine["users"]:
            raise Refused("already_reacted")
        self._tell(room, "message_changed", message)

    def whisper(self, room: Room, user: str, draft: Draft) -> Json:
        """Shows a message of the app to one person only, who stands as its `user`; returns it."""
        message = self._written(self.team.bot, draft) | {"ts": self.timestamps.next(), "channel": room.id}
        message |= {"is_ephemeral": True, "user": user} | (
            {"thread_ts": draft.thread_ts} if draft.thread_ts else {}
        )
        kept = self.ephemerals[user]
        kept.append(message)
        del kept[:-_EPHEMERALS_KEPT]
        self._tell_whisper(message)
        return message

    def replace_whisper(self, user: str, ts: str, draft: Draft | None) -> None:
        """Replaces an ephemeral message in place, or takes it away (None).

        Raises:
            Refused: `message_not_found`.
        """
        kept = self.ephemerals[user]
        message = next((m for m in kept if m["ts"] == ts), None)
        if message is None:
            raise Refused("message_not_found")
        if draft is None:
            kept.remove(message)
            self.feed.tell({user}, {"type": "message_deleted", "channel": message["channel"], "ts": ts})
            return
        message["text"], message["blocks"] = draft.text, with_ids(draft.blocks or [])
        self._tell_whisper(message)

    def _tell_whisper(self, message: Json) -> None:
        event = {"type": "ephemeral", "channel": message["channel"], "message": for_page(message)}
        self.feed.tell({message["user"]}, event)

    def _written(self, author: Person, draft: Draft) -> Json:
        message: Json = {"type": "message", "user": author.id, "text": draft.text, "team": self.team.id}
        if author.is_bot:
            message |= self._bot_marks(author)
            message |= {"blocks": with_ids(draft.blocks)} if draft.blocks else {}
        else:
            message |= {"client_msg_id": str(uuid.uuid4()), "blocks": rich_text(draft.text)}
        if draft.attachments:
            message["attachments"] = draft.attachments
        if draft.metadata:
            message["metadata"] = draft.metadata
        return message

    def _bot_marks(self, author: Person) -> Json:
        app_id = self.team.app_id if author.id == self.team.bot.id else "A" + author.id[1:]
        profile = {
            "id": author.bot_id,
            "app_id": app_id,
            "user_id": author.id,
            "name": author.name,
            "icons": {},
            "deleted": False,
            "updated": 0,
            "team_id": self.team.id,
        }
        return {"bot_id": author.bot_id, "app_id": app_id, "bot_profile": profile}

    def _readers(self, room: Room) -> set[str]:
        return {user for user, person in self.team.people.items() if room.seen_by(person)}

    def _tell(self, room: Room, kind: str, message: Json) -> None:
        self.feed.tell(self._readers(room), {"type": kind, "channel": room.id, "message": for_page(message)})

    def _announce_message(self, room: Room, message: Json) -> None:
        event = shown(message)
        self._announce(room, event)
        mentioned = f"<@{self.team.bot.id}>" in event["text"] and event["user"] != self.team.bot.id
        if not mentioned or room.kind == "im" or self.team.bot.id not in room.members:
            return
        if "app_mention" in self.team.events and "app_mentions:read" in self.team.scopes:
            self.announce({**event, "type": "app_mention", "channel": room.id, "event_ts": event["ts"]})

    def _announce(self, room: Room, event: Json) -> None:
        """Tells the app of a message where it is a member, subscribed, and has the scope."""
        if self.team.bot.id not in room.members or _EVENTS[room.kind] not in self.team.events:
            return
        if _SCOPES[room.kind] not in self.team.scopes:
            return
        about = {"channel": room.id, "event_ts": event["ts"], "channel_type": room.kind}
        hidden = {"hidden": True} if "subtype" in event and event["subtype"] != "thread_broadcast" else {}
        self.announce({**event, "type": "message", **hidden, **about})
