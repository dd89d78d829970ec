"""Connects to Slack: checks the token and its scopes first, then keeps one Socket Mode connection up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Misconfigured
from bot.slack.answers import NO_ANSWER, UNREADABLE, code_of
from bot.slack.refusals import TOKEN_REMEDIES

log = structlog.get_logger()

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "im:history",
    "im:write",
    "usergroups:read",
    "users:read",
)
_RETRY_S = 2.0
_WATCH_S = 60.0


def granted_scopes(headers: Mapping[str, str]) -> frozenset[str]:
    """What the token may do, as an answer of Slack says."""
    return frozenset(filter(None, str(headers.get("x-oauth-scopes", "")).replace(" ", "").split(",")))


def missing_scopes(granted: Collection[str]) -> list[str]:
    """What the code needs and was not granted."""
    return [scope for scope in SCOPES if scope not in granted]


class Connection:
    """The connection to one workspace. Slack being away is not an error: it is tried again for ever.

    A token that Slack refuses in its first answer is a mistake in the configuration and ends the start. One
    that worked, or that Slack refuses after it was away, does not: alerts are taken in all the while, people
    are told by the second way, and it is tried again until it works or Vigie is started with a new one.
    """

    def __init__(
        self, app: AsyncApp, client: AsyncWebClient, app_token: str, socket_mode: bool = True
    ) -> None:
        self._app = app
        self._client = client
        self._app_token = app_token
        self._socket_mode = socket_mode
        self._sockets: AsyncSocketModeHandler | None = None
        self.team_id = ""
        self.team_url = ""
        self.called_at: Callable[[], datetime | None] | None = None
        self.problem = "not connected yet"
        self.settled = asyncio.Event()
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._doubted = asyncio.Event()
        self._is_first_answer = True

    async def is_connected(self) -> bool:
        """Whether messages can be sent: the token is known to work."""
        return bool(self.team_id) and not self._doubted.is_set()

    def doubt(self, code: str) -> None:
        """Slack refused the token somewhere: look at once, and send nothing until it works again."""
        self.problem = _refused(code)
        self._doubted.set()

    async def trouble(self) -> str:
        """What keeps Slack and Vigie apart at this moment; empty while they are connected."""
        if not self.problem and self._sockets and not await self._sockets.client.is_connected():
            return "connection lost; connecting again"
        return self.problem

    def way(self) -> dict[str, object]:
        """How Slack and Vigie meet; where Slack may call over HTTP also when it last did, null: not yet."""
        mode: dict[str, object] = {"slack_mode": "socket" if self._socket_mode else "http"}
        if self.called_at is None:
            return mode
        at = self.called_at()
        return mode | {"slack_called_at": at.isoformat() if at else None}

    def start(self) -> None:
        self._task = asyncio.create_task(self._connect_until_it_works(), name="slack")

    async def wait_fatal(self) -> None:
        """Return never, or raise what makes it useless to go on.

        Raises:
            Misconfigured: a token is wrong or a scope is missing.
        """
        await asyncio.shield(self._fatal)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
        if self._sockets:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                await self._sockets.close_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped

    async def _connect_until_it_works(self) -> None:
        try:
            await self._try_until_it_works()
        except Misconfigured as error:
            self.problem = str(error)
            self._fatal.set_exception(error)
            return
        log.info("connected to Slack", team=self.team_id)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_S):
                    await self._doubted.wait()
            await self._try_until_it_works()

    async def _try_until_it_works(self) -> None:
        while True:
            await self._try_once()
            # From here on Vigie has begun its work, whatever Slack says of its token.
            self._is_first_answer = False
            self.settled.set()
            if not self.problem:
                return
            await asyncio.sleep(_RETRY_S)

    async def _try_once(self) -> None:
        try:
            await self._check_token()
            if self._socket_mode and self._sockets is None:
                await self._open_sockets()
        except Misconfigured as error:
            if self._is_first_answer:
                raise
            self.problem = error.detail
            log.error("Slack refuses Vigie; trying again", problem=self.problem)
        except SlackApiError as error:
            code = code_of(error)
            unread = "Slack does not answer: what came cannot be read"
            self.problem = unread if code in (UNREADABLE, "unknown") else f"Slack says {code}"
            log.warning("Slack does not let Vigie in; trying again", problem=self.problem)
        except NO_ANSWER as error:
            self.problem = f"Slack does not answer: {type(error).__name__}"
            log.warning("Slack does not answer; trying again", problem=str(error)[:200])
        else:
            self.problem = ""
            self._doubted.clear()

    async def _check_token(self) -> None:
        try:
            answer = await self._client.auth_test()
        except SlackApiError as error:
            code = code_of(error)
            if code in TOKEN_REMEDIES:
                raise Misconfigured(_refused(code)) from None
            raise
        missing = missing_scopes(granted_scopes(answer.headers))
        if missing:
            raise Misconfigured(
                f"The Slack app lacks the scope(s) {', '.join(missing)}. Add them under OAuth & Permissions ›"
                " Bot Token Scopes and install the app again."
            )
        self.team_id = str(answer["team_id"])
        self.team_url = str(answer.get("url") or "")

    async def _open_sockets(self) -> None:
        await self._check_app_token()
        self._sockets = AsyncSocketModeHandler(
            self._app, self._app_token, web_client=self._client, ping_interval=3
        )
        await self._sockets.connect_async()  # type: ignore[no-untyped-call]  # bolt leaves it untyped

    async def _check_app_token(self) -> None:
        """Ask for a ticket and let it lapse: the library would try a refused token again for ever."""
        try:
            await self._client.apps_connections_open(app_token=self._app_token)
        except SlackApiError as error:
            code = code_of(error)
            if code in ("invalid_auth", "not_allowed_token_type", "missing_scope"):
                raise Misconfigured(
                    "SLACK_APP_TOKEN is not valid or lacks connections:write; make one under"
                    " Basic Information › App-Level Tokens."
                ) from None
            raise


def _refused(code: str) -> str:
    return f"SLACK_BOT_TOKEN is not valid, Slack says {code}. {TOKEN_REMEDIES.get(code, '')}".rstrip()
