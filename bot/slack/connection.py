"""Connects to Slack: checks the token and its scopes first, then keeps one Socket Mode connection up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Misconfigured
from bot.slack.channels import code_of

log = structlog.get_logger()

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "groups:history",
    "im:history",
    "im:write",
    "usergroups:read",
    "users:read",
)
_RETRY_S = 2.0
_HINT = {
    "invalid_auth": "SLACK_BOT_TOKEN is not valid; copy it anew from OAuth & Permissions.",
    "account_inactive": "The app was removed from the workspace; install it again.",
    "token_revoked": "SLACK_BOT_TOKEN was revoked; install the app again and copy the new one.",
}


class Connection:
    """The connection to one workspace. Slack being away is not an error: it is tried again for ever."""

    def __init__(
        self, app: AsyncApp, client: AsyncWebClient, app_token: str, socket_mode: bool = True
    ) -> None:
        self._app = app
        self._client = client
        self._app_token = app_token
        self._socket_mode = socket_mode
        self._sockets: AsyncSocketModeHandler | None = None
        self.team_id = ""
        self.called_at: Callable[[], datetime | None] | None = None
        self.problem = "not connected yet"
        self.settled = asyncio.Event()
        self._fatal: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None

    async def is_connected(self) -> bool:
        return bool(self.team_id)

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
        while True:
            try:
                await self._check_token()
                if self._socket_mode:
                    await self._open_sockets()
                self.problem = ""
                self.settled.set()
                log.info("connected to Slack", team=self.team_id)
                return
            except Misconfigured as error:
                self.problem = str(error)
                self._fatal.set_exception(error)
                return
            except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
                self.problem = f"Slack does not answer: {type(error).__name__}"
                log.warning("Slack does not answer; trying again", problem=str(error)[:200])
            self.settled.set()
            await asyncio.sleep(_RETRY_S)

    async def _check_token(self) -> None:
        try:
            answer = await self._client.auth_test()
        except SlackApiError as error:
            code = code_of(error)
            if code in _HINT:
                raise Misconfigured(_HINT[code]) from None
            raise
        granted = str(answer.headers.get("x-oauth-scopes", "")).replace(" ", "").split(",")
        missing = [scope for scope in SCOPES if scope not in granted]
        if missing:
            raise Misconfigured(
                f"The Slack app lacks the scope(s) {', '.join(missing)}. Add them under OAuth & Permissions ›"
                " Bot Token Scopes and install the app again."
            )
        self.team_id = str(answer["team_id"])

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
