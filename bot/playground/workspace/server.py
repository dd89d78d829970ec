"""A local stand-in for Slack: one server with the Web API, Socket Mode, the page and scripted people."""

from collections.abc import Iterable
from pathlib import Path
from typing import Unpack

from aiohttp import web

from bot.playground.workspace.administration import Administration
from bot.playground.workspace.api import Api, Call
from bot.playground.workspace.board import Board
from bot.playground.workspace.core import Core
from bot.playground.workspace.delivery import Delivery, Way
from bot.playground.workspace.envelopes import event_callback
from bot.playground.workspace.faults import Faults
from bot.playground.workspace.feed import Feed
from bot.playground.workspace.file_routes import FileRoutes
from bot.playground.workspace.files import Files
from bot.playground.workspace.forms import Forms
from bot.playground.workspace.guard import Guard
from bot.playground.workspace.human import Human
from bot.playground.workspace.later_deeds import LaterDeeds
from bot.playground.workspace.link import Link
from bot.playground.workspace.page import Demo, Page
from bot.playground.workspace.people import DEFAULT_EVENTS, DEFAULT_SCOPES, Channel, Person, UserGroup
from bot.playground.workspace.rates import DEFAULT_RATES, Rate, Rates
from bot.playground.workspace.request_url import RequestUrl
from bot.playground.workspace.response_urls import ResponseUrls
from bot.playground.workspace.scripted import ScriptedPeople
from bot.playground.workspace.team import Team
from bot.playground.workspace.views import Views
from bot.playground.workspace.waits import OtherWaits, Waits
from bot.playground.workspace.whispers import Whispers

_BODY_BYTES = 2 * 1024 * 1024


class Workspace(ScriptedPeople, Administration):
    """One workspace on 127.0.0.1. `rates` by API method, empty for none; `other` as in `Waits`."""

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
        shortcuts: Iterable[tuple[str, str]] = (
            ("open_incident", "Open an incident"),
            ("propose_action", "Propose an action"),
            ("save_knowledge", "Save as knowledge"),
        ),
        page_folder: Path | None = None,
        demo: Demo | None = None,
        rates: dict[str, Rate] = DEFAULT_RATES,
        **other: Unpack[OtherWaits],
    ) -> None:
        waits = Waits(**other)
        team = Team(team_id, app_id, bot, bot_token, app_token, team_name, tuple(scopes), tuple(events))
        team.commands, team.shortcuts = tuple(commands), tuple(shortcuts)
        team.signing_secret = signing_secret
        team.groups = {group.id: group for group in user_groups}
        team.add(people)
        feed, self.faults = Feed(), Faults()
        socket, over_http = Link(app_id, self.faults, waits), RequestUrl(signing_secret, self.faults, waits)
        link = Delivery(team, socket, over_http)
        board = Board(team, list(channels), feed, lambda event: link.send_event(event_callback(team, event)))
        board.stream_seconds = waits.stream_seconds
        views = Views(team, feed, trigger_seconds=waits.trigger_seconds)
        whispers = Whispers(team, feed, board.timestamps)
        parts = (team, board, whispers, views, Files(team), link, feed, self.faults, Rates(rates))
        self._core = Core(*parts, address=lambda: self.url)
        self._urls = ResponseUrls(self._core, seconds=waits.response_url_seconds)
        self._human, self._forms = Human(self._core, self._urls), Forms(self._core, self._urls)
        self._later = LaterDeeds(self._core)
        self._api = Api(self._core)
        self._page = Page(self._core, self._human, self._later, self._forms, page_folder, demo)
        self._file_routes = FileRoutes(self._core, self._later)
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
        return self._core.link.socket.connections

    async def start(self, port: int = 0) -> None:
        """Listens on 127.0.0.1; port 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        guard = Guard(self._page_token, lambda: self._port)
        app = web.Application(middlewares=[guard.check()], client_max_size=_BODY_BYTES)
        app.on_response_prepare.append(guard.prepare)
        app.add_routes([*self._page.routes(), *self._file_routes.routes()])
        app.add_routes([web.get(path, self._core.link.socket.open) for path in ("/link", "/link/")])
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

    async def deliver_to(self, url: str, way: Way = "http") -> None:
        """From now on the app is told over HTTP at that address (or by `both` ways), signed.

        Raises:
            Refused: `url_verification_failed`: the address did not answer the challenge.
        """
        await self._core.link.go_by(way, url)

    def calls(self, method: str | None = None) -> list[Call]:
        """The API calls so far, of one method or all."""
        return [call for call in self._api.calls if method in (None, call.method)]

    def reset(self) -> None:
        """Clears messages, views, files and ephemerals; the open pages are told to load anew."""
        for room in self._core.board.rooms.values():
            room.messages.clear()
        self._core.board.streams.clear()
        self._core.whispers.clear()
        self._core.views.clear()
        self._core.files.clear()
        self._urls.clear()
        self._core.feed.tell(None, {"type": "reset"})
