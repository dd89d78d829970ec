"""A local stand-in for Slack: one server with the Web API, Socket Mode, the page and scripted people."""

import time
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from bot.playground.workspace.administration import Administration
from bot.playground.workspace.api import Api, Call
from bot.playground.workspace.board import Board
from bot.playground.workspace.core import Core
from bot.playground.workspace.envelopes import event_callback
from bot.playground.workspace.errors import Json
from bot.playground.workspace.faults import Faults
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.forms import Forms
from bot.playground.workspace.guard import Guard
from bot.playground.workspace.human import Human
from bot.playground.workspace.link import Link
from bot.playground.workspace.outcomes import ClickOutcome, CommandOutcome, SubmitOutcome
from bot.playground.workspace.page import Demo, Page
from bot.playground.workspace.people import DEFAULT_EVENTS, DEFAULT_SCOPES, Channel, Person, UserGroup
from bot.playground.workspace.rates import DEFAULT_RATES, Rate, Rates
from bot.playground.workspace.response_urls import ResponseUrls
from bot.playground.workspace.team import Team
from bot.playground.workspace.views import Views

_BODY_BYTES = 2 * 1024 * 1024


class Workspace(Administration):
    """One workspace on 127.0.0.1. Times are seconds; `rates` by API method, empty for none."""

    def __init__(
        self,
        *,
        people: Iterable[Person],
        channels: Iterable[Channel],
        user_groups: Iterable[UserGroup] = (),
        app_id: str,
        bot: Person,
        bot_token: str,
        app_token: str,
        page_token: str,
        team_id: str = "T0VIGIE",
        team_name: str = "Workspace",
        scopes: Iterable[str] = DEFAULT_SCOPES,
        events: Iterable[str] = DEFAULT_EVENTS,
        signing_secret: str = "",
        commands: Iterable[tuple[str, str]] = (("/vigie", "Ask the incident copilot; try /vigie help"),),
        page_folder: Path | None = None,
        demo: Demo | None = None,
        rates: dict[str, Rate] = DEFAULT_RATES,
        ack_seconds: float = 3.0,
        trigger_seconds: float = 3.0,
        retry_pauses: tuple[float, ...] = (1.0, 3.0, 10.0),
    ) -> None:
        team = Team(team_id, app_id, bot, bot_token, app_token, team_name, tuple(scopes), tuple(events))
        team.commands, team.signing_secret = tuple(commands), signing_secret
        team.groups = {group.id: group for group in user_groups}
        team.add(people)
        feed, self.faults = Feed(), Faults()
        link = Link(app_id, self.faults, ack_seconds=ack_seconds, retry_pauses=retry_pauses)
        board = Board(team, list(channels), feed, lambda event: link.send_event(event_callback(team, event)))
        views = Views(team, feed, trigger_seconds=trigger_seconds)
        self._core = Core(team, board, views, link, feed, self.faults, Rates(rates), lambda: self.url)
        self._urls = ResponseUrls(self._core)
        self._human, self._forms = Human(self._core, self._urls), Forms(self._core)
        self._api = Api(self._core)
        self._page = Page(self._core, self._human, self._forms, page_folder, demo)
        self._page_token = page_token
        self.bot_token, self.app_token = bot_token, app_token
        self._port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the server listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        """The value for SLACK_API_URL."""
        return self.url + "/api/"

    @property
    def page_url(self) -> str:
        """The address for a person's browser; it carries the page's token."""
        return f"{self.url}/?token={self._page_token}"

    @property
    def page_token(self) -> str:
        """What a request to the human side must carry."""
        return self._page_token

    @property
    def connections(self) -> int:
        """How many Socket Mode connections are open."""
        return self._core.link.connections

    async def start(self, port: int = 0) -> None:
        """Listens on 127.0.0.1; port 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        guard = Guard(self._page_token, lambda: self._port)
        app = web.Application(middlewares=[guard.check()], client_max_size=_BODY_BYTES)
        app.on_response_prepare.append(guard.prepare)
        app.add_routes(self._page.routes())
        app.add_routes([web.get("/link", self._core.link.open), web.get("/link/", self._core.link.open)])
        app.add_routes([web.route("*", "/api/{method}", self._api.answer)])
        app.add_routes([web.post("/respond/{team}/{key}", self._urls.answer)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Closes the sockets, the streams and the port."""
        self._core.feed.close()
        await self._core.link.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Posts as that person; see `Human.say`."""
        return await self._human.say(user, channel, text, thread_ts)

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
        """Opens the app's Home; see `Human.open_home`."""
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

    def calls(self, method: str | None = None) -> list[Call]:
        """The API calls so far, of one method or all."""
        return [call for call in self._api.calls if method in (None, call.method)]

    def set_group_members(self, group_id: str, members: Iterable[str]) -> None:
        """Changes who is in a user group and tells the app.

        Raises:
            Refused: `no_such_subteam`.
        """
        team = self._core.team
        old = team.group(group_id)
        new = tuple(members)
        team.groups[group_id] = UserGroup(old.id, old.handle, old.name, new)
        if "subteam_members_changed" not in team.events or "usergroups:read" not in team.scopes:
            return
        added, removed = sorted(set(new) - set(old.members)), sorted(set(old.members) - set(new))
        event: Json = {
            "type": "subteam_members_changed",
            "subteam_id": group_id,
            "team_id": team.id,
            "date_previous_update": 0,
            "date_update": int(time.time()),
            "added_users": added,
            "added_users_count": len(added),
            "removed_users": removed,
            "removed_users_count": len(removed),
        }
        self._core.board.announce(event | {"event_ts": self._core.board.timestamps.next()})
