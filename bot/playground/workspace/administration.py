"""What an administrator does: channels, the bot's membership, its token."""

from bot.playground.workspace.core import Core


class Administration:
    """Each deed takes effect at once."""

    _core: Core

    def archive(self, channel: str) -> None:
        """Archives a channel: it can still be read, nothing can be written."""
        self._core.board.room(channel).archived = True

    def unarchive(self, channel: str) -> None:
        """Takes an archived channel back into use."""
        self._core.board.room(channel).archived = False

    def delete_channel(self, channel: str) -> None:
        """Deletes a channel with all that is in it; from now on it is `channel_not_found`."""
        del self._core.board.rooms[self._core.board.room(channel).id]

    def remove_bot(self, channel: str) -> None:
        """Removes the bot from a channel: it hears no more, and may not write."""
        self._core.board.room(channel).members.discard(self._core.team.bot.id)

    def add_bot(self, channel: str) -> None:
        """Invites the bot into a channel."""
        self._core.board.room(channel).members.add(self._core.team.bot.id)

    def revoke_token(self, error: str = "token_revoked") -> None:
        """From now on the bot token is refused with that error."""
        self._core.team.bot_token_error = error

    def reinstall(self) -> None:
        """Puts the app back, under the same tokens."""
        self._core.team.bot_token_error = ""
