"""Writing: posts, edits, deletions and reactions, each told to the open pages and to the app as events."""

import time
from collections.abc import Callable

from bot.playground.workspace.drafts import Draft, written
from bot.playground.workspace.elements import with_ids
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.identifiers import Timestamps
from bot.playground.workspace.people import Channel, Person
from bot.playground.workspace.rooms import Room, RoomKind, for_page, shown
from bot.playground.workspace.streams import Stream
from bot.playground.workspace.team import Team
from bot.playground.workspace.typed import rich_text

_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}
_TIMELESS = ("app_uninstalled", "tokens_revoked")
_HIDDEN = ("message_changed", "message_deleted")


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
        self.stream_seconds = 300.0
        self.streams: dict[str, Stream] = {}
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

    def post(self, room: Room, author: Person, draft: Draft, *, streaming: bool = False) -> Json:
        """Stores a message and tells of it; returns the stored message."""
        root = room.root_of(draft.thread_ts) if draft.thread_ts else None
        message = written(self.team, author, draft) | {"ts": self.timestamps.next()}
        if root is not None:
            message |= {"thread_ts": root["ts"], "parent_user_id": root["user"]}
            if draft.broadcast:
                message |= {"subtype": "thread_broadcast", "root": shown(root)}
        if streaming:
            message["streaming_state"] = "in_progress"
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
        if "bot_id" not in message:
            message["blocks"] = rich_text(draft.text)
        elif draft.blocks:
            message["blocks"] = with_ids(draft.blocks)
        elif draft.blocks is not None:
            message.pop("blocks", None)
        if draft.attachments is not None:
            message["attachments"] = draft.attachments
        if draft.metadata is not None:
            message["metadata"] = draft.metadata
        message["edited"] = {"user": message["user"], "ts": self.timestamps.next()}
        self.changed(room, message, before)
        return message

    def show(self, room: Room, message: Json) -> None:
        """Tells the open pages alone of a message that says more."""
        self._tell(room, "message_changed", message)

    def changed(self, room: Room, message: Json, before: Json) -> None:
        """Tells of a stored message that says something else from now on."""
        self._tell(room, "message_changed", message)
        event = {"subtype": "message_changed", "message": shown(message), "previous_message": before}
        self._announce(room, event | {"ts": self.timestamps.next()})

    def delete(self, room: Room, ts: str) -> None:
        """Removes a message; the root of a thread leaves a tombstone, which is told as a change."""
        message = room.message(ts)
        self.streams.pop(ts, None)
        before = shown(message)
        root_ts = message.get("thread_ts", ts)
        if root_ts == ts and room.replies(ts):
            for key in ("blocks", "attachments", "metadata", "files", "reactions"):
                message.pop(key, None)
            message |= {"subtype": "tombstone", "text": "This message was deleted.", "hidden": True}
            self.changed(room, message, before)
            return
        del room.messages[ts]
        self.feed.tell(self._readers(room), {"type": "message_deleted", "channel": room.id, "ts": ts})
        if root_ts != ts and root_ts in room.messages:
            room.count_replies(root_ts)
            self._tell(room, "message_changed", room.messages[root_ts])
        deleted = {"subtype": "message_deleted", "deleted_ts": ts, "previous_message": before}
        self._announce(room, deleted | {"ts": self.timestamps.next()})

    def react(self, room: Room, ts: str, name: str, user: str) -> None:
        """Adds one emoji of that person.

        Raises:
            Refused: `message_not_found`, `already_reacted`.
        """
        message = room.message(ts)
        reactions: list[Json] = message.setdefault("reactions", [])
        one = next((r for r in reactions if r["name"] == name), None)
        if one is None:
            reactions.append({"name": name, "users": [user], "count": 1})
        elif user in one["users"]:
            raise Refused("already_reacted")
        else:
            one |= {"users": [*one["users"], user], "count": one["count"] + 1}
        self._reacted(room, message, "reaction_added", name, user)

    def unreact(self, room: Room, ts: str, name: str, user: str) -> None:
        """Takes one emoji of that person away.

        Raises:
            Refused: `message_not_found`, `no_reaction`.
        """
        message = room.message(ts)
        one = next((r for r in message.get("reactions", []) if r["name"] == name), None)
        if one is None or user not in one["users"]:
            raise Refused("no_reaction")
        one |= {"users": [other for other in one["users"] if other != user], "count": one["count"] - 1}
        message["reactions"] = [r for r in message["reactions"] if r["count"]]
        if not message["reactions"]:
            del message["reactions"]
        self._reacted(room, message, "reaction_removed", name, user)

    def announce_if_heard(self, event: Json) -> None:
        """Tells the app of an event that is named as its subscription, if it may hear it."""
        if self.team.hears(event["type"]):
            at = event.get("event_ts") or self.timestamps.next()
            self.announce(event if event["type"] in _TIMELESS else {**event, "event_ts": at})

    def _reacted(self, room: Room, message: Json, kind: str, name: str, user: str) -> None:
        self._tell(room, "message_changed", message)
        if self.team.bot.id in room.members:
            item = {"type": "message", "channel": room.id, "ts": message["ts"]}
            event = {"type": kind, "user": user, "reaction": name, "item_user": message["user"], "item": item}
            self.announce_if_heard(event)

    def _readers(self, room: Room) -> set[str]:
        return {user for user, person in self.team.people.items() if room.seen_by(person)}

    def _tell(self, room: Room, kind: str, message: Json) -> None:
        self.feed.tell(self._readers(room), {"type": kind, "channel": room.id, "message": for_page(message)})

    def _announce_message(self, room: Room, message: Json) -> None:
        event = shown(message)
        shared = {"subtype": "file_share"} if "files" in event and "subtype" not in event else {}
        self._announce(room, event | shared)
        mentioned = f"<@{self.team.bot.id}>" in event["text"] and event["user"] != self.team.bot.id
        if mentioned and room.kind != "im" and self.team.bot.id in room.members:
            mention = {**event, "type": "app_mention", "channel": room.id, "event_ts": event["ts"]}
            self.announce_if_heard(mention)

    def _announce(self, room: Room, event: Json) -> None:
        """Tells the app of a message where it is a member, subscribed, and has the scope."""
        if self.team.bot.id not in room.members or not self.team.hears(_EVENTS[room.kind]):
            return
        about = {"channel": room.id, "event_ts": event["ts"], "channel_type": room.kind}
        hidden = {"hidden": True} if event.get("subtype") in _HIDDEN else {}
        self.announce({**event, "type": "message", **hidden, **about})
