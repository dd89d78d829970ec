"""What an administrator does: channels, the bot's membership, user groups, tokens, the connection."""

import time
from collections.abc import Iterable

from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json
from bot.playground.workspace.groups import change_group
from bot.playground.workspace.people import UserGroup
from bot.playground.workspace.rooms import Room


class Administration:
    """Each deed takes effect at once; the app is told where it is subscribed and holds the scope."""

    _core: Core

    def archive(self, channel: str, by: str = "") -> None:
        """Archives a channel: it can still be read, nothing can be written."""
        room = self._core.board.room(channel)
        room.archived = True
        self._tell_of(room, "archive", {"user": by or self._somebody(), "is_moved": 0})
        self._pages_load_anew()

    def unarchive(self, channel: str, by: str = "") -> None:
        """Takes an archived channel back into use."""
        room = self._core.board.room(channel)
        who = "actor_id" if room.kind == "group" else "user"
        self._tell_of(room, "unarchive", {who: by or self._somebody()})
        room.archived = False
        self._pages_load_anew()

    def delete_channel(self, channel: str, by: str = "") -> None:
        """Deletes a channel with all that is in it; from now on it is `channel_not_found`."""
        room = self._core.board.room(channel)
        when = {"date_deleted": int(time.time())} if room.kind == "group" else {}
        self._tell_of(room, "deleted", {"actor_id": by or self._somebody(), **when})
        del self._core.board.rooms[room.id]
        self._pages_load_anew()

    def remove_bot(self, channel: str, by: str = "") -> None:
        """Removes the bot from a channel: it hears no more, and may not write."""
        room = self._core.board.room(channel)
        kind = "C" if room.kind == "channel" else "G"
        self._tell_of(room, "left", {"actor_id": by or self._somebody()})
        room.members.discard(self._core.team.bot.id)
        self._pages_load_anew()
        left = {"type": "member_left_channel", "user": self._core.team.bot.id, "channel": room.id}
        self._core.board.announce_if_heard(left | {"channel_type": kind, "team": self._core.team.id})

    def add_bot(self, channel: str, by: str = "") -> None:
        """Invites the bot into a channel."""
        room = self._core.board.room(channel)
        room.members.add(self._core.team.bot.id)
        self._pages_load_anew()
        joined = {"type": "member_joined_channel", "user": self._core.team.bot.id, "channel": room.id}
        joined |= {"channel_type": "C" if room.kind == "channel" else "G", "team": self._core.team.id}
        self._core.board.announce_if_heard(joined | {"inviter": by or self._somebody()})

    def revoke_token(self, error: str = "token_revoked") -> None:
        """From now on the bot token is refused with that error; the app is told by `tokens_revoked`."""
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self._core.team.bot.id]}}
        self._core.board.announce_if_heard(event)
        self._core.team.bot_token_error = error

    def uninstall(self) -> None:
        """Removes the app from the workspace: `account_inactive` from now on, and nothing is delivered."""
        self._core.board.announce_if_heard({"type": "app_uninstalled"})
        self.revoke_token("account_inactive")
        self._core.team.is_installed = False

    def reinstall(self) -> None:
        """Puts the app back, under the same tokens."""
        self._core.team.bot_token_error, self._core.team.is_installed = "", True

    async def disconnect(self, reason: str | None = "refresh_requested") -> None:
        """Ends every Socket Mode connection.

        Args:
            reason: `refresh_requested`, `warning` (told a while before it happens) or `link_disabled`, as in
                a `disconnect` message; None breaks the connections without a word.
        """
        await self._core.link.disconnect(reason)

    def set_group_members(self, group_id: str, members: Iterable[str]) -> None:
        """Changes who is in a user group and tells the app.

        Raises:
            Refused: `no_such_subteam`.
        """
        old = self._core.team.group(group_id)
        self.set_group(UserGroup(old.id, old.handle, old.name, tuple(members)))

    def set_group(self, group: UserGroup) -> None:
        """Makes or changes a user group; the app hears `subteam_members_changed` and `subteam_updated`."""
        change_group(self._core, group)

    def _tell_of(self, room: Room, what: str, about: Json) -> None:
        """Of a private channel only its members hear."""
        private = room.kind == "group"
        if private and self._core.team.bot.id not in room.members:
            return
        kind = f"{'group' if private else 'channel'}_{what}"
        self._core.board.announce_if_heard({"type": kind, "channel": room.id, **about})

    def _pages_load_anew(self) -> None:
        self._core.feed.tell(None, {"type": "reset"})

    def _somebody(self) -> str:
        return next(person.id for person in self._core.team.people.values() if not person.is_bot)
