"""What tests and scripted people do in the workspace, in plain Python: the same deeds as on the page."""

from bot.playground.workspace.core import Core
from bot.playground.workspace.errors import Json
from bot.playground.workspace.forms import Forms
from bot.playground.workspace.human import Human
from bot.playground.workspace.later_deeds import LaterDeeds
from bot.playground.workspace.outcomes import ClickOutcome, CommandOutcome, SubmitOutcome


class ScriptedPeople:
    """People by their ids. Reading shows what stands now; deeds go to the app as Slack would send them."""

    _core: Core
    _human: Human
    _forms: Forms
    _later: LaterDeeds

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Posts as that person; see `Human.say`."""
        return await self._human.say(user, channel, text, thread_ts)

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Edits that person's own message; see `LaterDeeds.edit`."""
        self._later.edit(user, channel, ts, text)

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Deletes that person's own message; see `LaterDeeds.delete`."""
        self._later.delete(user, channel, ts)

    def react(self, user: str, channel: str, ts: str, name: str) -> bool:
        """Puts an emoji on a message or takes it away; see `LaterDeeds.react`."""
        return self._later.react(user, channel, ts, name)

    def upload(
        self, user: str, channel: str, name: str, content: bytes, text: str = "", thread_ts: str | None = None
    ) -> Json:
        """Shares a file; returns the message. See `LaterDeeds.upload`."""
        return self._later.upload(user, channel, name, content, text, thread_ts)

    async def command(self, user: str, channel: str, text: str) -> CommandOutcome:
        """Runs a slash command as that person; see `Human.command`."""
        return await self._human.command(user, channel, text)

    async def click(
        self,
        user: str,
        channel: str,
        message_ts: str,
        action_id: str,
        block_id: str | None = None,
        value: object = None,
    ) -> ClickOutcome:
        """Clicks in a message; see `Human.click`."""
        return await self._human.click(user, channel, message_ts, action_id, block_id, value)

    async def shortcut(self, user: str, channel: str, message_ts: str, callback_id: str) -> ClickOutcome:
        """Chooses a shortcut in the menu of a message; see `Human.shortcut`."""
        return await self._human.shortcut(user, channel, message_ts, callback_id)

    async def click_view(
        self, user: str, view_id: str, action_id: str, block_id: str | None = None, value: object = None
    ) -> ClickOutcome:
        """Clicks in a modal or Home; see `Human.click_view`."""
        return await self._human.click_view(user, view_id, action_id, block_id, value)

    async def submit(self, user: str, view_id: str, values: Json) -> SubmitOutcome:
        """Submits a modal; see `Forms.submit`."""
        return await self._forms.submit(user, view_id, values)

    async def close_view(self, user: str, view_id: str) -> None:
        """Dismisses a modal; see `Forms.close`."""
        await self._forms.close(user, view_id)

    async def open_home(self, user: str, tab: str = "home") -> None:
        """Opens the app's Home, or (`tab="messages"`) its direct messages; see `Human.open_home`."""
        await self._human.open_home(user, tab)

    def views_of(self, user: str) -> list[Json]:
        """The modals open for that person now, the one on top last."""
        return self._core.views.opened_by(user)

    def home_of(self, user: str) -> Json | None:
        """The Home view published for that person."""
        return self._core.views.homes.get(user)

    def messages(self, channel: str, user: str | None = None) -> list[Json]:
        """All messages of a channel, replies too, oldest first; as that person sees it."""
        return self._human.messages(channel, user)

    def replies(self, channel: str, thread_ts: str, user: str | None = None) -> list[Json]:
        """The replies below a message, oldest first, without the message itself."""
        everything = self._human.messages(channel, user)
        return [m for m in everything if m.get("thread_ts") == thread_ts and m["ts"] != thread_ts]

    def ephemerals(self, user: str) -> list[Json]:
        """What only that person was shown, oldest first."""
        return self._human.ephemerals(user)
