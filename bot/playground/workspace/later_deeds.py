"""What a person does to messages that stand already - edit, delete, react - and files that they share."""

from bot.playground.workspace.core import Core
from bot.playground.workspace.drafts import Draft
from bot.playground.workspace.errors import Json, Refused
from bot.playground.workspace.limits import MESSAGE_TEXT
from bot.playground.workspace.rooms import Room
from bot.playground.workspace.sharing import share
from bot.playground.workspace.typed import stored_text

_NAME = 255


class LaterDeeds:
    """Each person changes only what they wrote; the app hears of it as Slack would tell it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Replaces the text of a person's own message.

        Raises:
            Refused: `cant_update_message`, `message_not_found`, `no_text`, `msg_too_long`, `is_archived`.
        """
        room, message = self._own(user, channel, ts, "cant_update_message")
        if not text.strip() and "files" not in message:
            raise Refused("no_text")
        if len(text) > MESSAGE_TEXT:
            raise Refused("msg_too_long")
        self._core.board.edit(room, ts, Draft(stored_text(text, self._core.team)))

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Deletes a person's own message, or takes away an ephemeral message that they were shown.

        Raises:
            Refused: `cant_delete_message`, `message_not_found`, `is_archived`.
        """
        if any(message["ts"] == ts for message in self._core.whispers.to(user)):
            self._core.whispers.replace(user, ts, None)
            return
        room, _ = self._own(user, channel, ts, "cant_delete_message")
        self._core.board.delete(room, ts)

    def react(self, user: str, channel: str, ts: str, name: str) -> bool:
        """Puts an emoji on a message, or takes it away again; returns whether it is there now.

        Raises:
            Refused: `message_not_found`, `invalid_name`, `not_in_channel`, `is_archived`.
        """
        room = self._member_of(user, channel)
        name = emoji_name(name)
        try:
            self._core.board.react(room, ts, name, user)
        except Refused as refused:
            if refused.error != "already_reacted":
                raise
            self._core.board.unreact(room, ts, name, user)
            return False
        return True

    def upload(
        self, user: str, channel: str, name: str, content: bytes, text: str, thread_ts: str | None
    ) -> Json:
        """Shares a file with the words beside it; returns the stored message.

        Raises:
            Refused: `not_in_channel`, `is_archived`, `no_file_data`, `thread_not_found`, `msg_too_long`.
        """
        room = self._member_of(user, channel)
        if not content:
            raise Refused("no_file_data")
        if len(text) > MESSAGE_TEXT:
            raise Refused("msg_too_long")
        if thread_ts:
            room.root_of(thread_ts)
        file = self._core.files.add(user, _plain_name(name), content)
        said = stored_text(text, self._core.team) if text.strip() else ""
        return share(self._core, room, self._core.team.person(user), [file], said, thread_ts)

    def _member_of(self, user: str, channel: str) -> Room:
        person = self._core.team.person(user)
        room = self._core.board.room(channel)
        if not room.seen_by(person):
            raise Refused("channel_not_found")
        room.refuse_if_archived("is_archived")
        if user not in room.members:
            raise Refused("not_in_channel")
        return room

    def _own(self, user: str, channel: str, ts: str, error: str) -> tuple[Room, Json]:
        room = self._member_of(user, channel)
        message = room.message(ts)
        if message["user"] != user or message.get("subtype") == "tombstone":
            raise Refused(error)
        return room, message


def emoji_name(name: str) -> str:
    """The bare name of an emoji.

    Raises:
        Refused: `invalid_name`.
    """
    bare = name.strip(":")
    if not 0 < len(bare) <= 100 or not all(c.isascii() and (c.isalnum() or c in "_+-:'") for c in bare):
        raise Refused("invalid_name")
    return bare


def _plain_name(name: str) -> str:
    """The last part of the path that a browser may send, without control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[:_NAME] or "file"
