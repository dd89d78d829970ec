"""What the checks look at: the settings as far as they can be read, and one connection to Slack for all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from bot.errors import Misconfigured
from bot.settings import Settings

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

SLACK_AWAY = "Is slack.com reachable from here, directly or by HTTPS_PROXY? See status.slack.com."
_CALL_S = 6.0
_PASSING = ("unknown", "ratelimited", "internal_error", "fatal_error", "service_unavailable")


class SlackRefused(Exception):
    """Slack answered, and its answer was no; `code` is its word for why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class SlackAway(Exception):
    """Slack gave no answer; the text says how."""


class SlackNotAsked(Exception):
    """Nobody is asked over the network: --offline."""


@dataclass
class Identity:
    """What `auth.test` says of the bot token. `clock_ahead_s`: this host's clock before Slack's, if told."""

    team: str
    team_id: str
    user: str
    user_id: str
    scopes: frozenset[str]
    clock_ahead_s: float | None


@dataclass
class Ground:
    """`mistakes` are those of vigie.toml and vigie.env; what they spoil has its default in `settings`."""

    config: Path
    settings: Settings
    session: aiohttp.ClientSession
    mistakes: list[str] = field(default_factory=list)
    offline: bool = False
    _identity: asyncio.Task[Identity] | None = None

    @property
    def asks_nobody(self) -> bool:
        """Whether SLACK_API_URL names somebody who must not be asked."""
        try:
            return not self.settings.slack_api_url
        except Misconfigured:
            return True

    async def identity(self) -> Identity:
        """Who the bot token is, asked once for all checks.

        Raises:
            Misconfigured: there is no usable token. SlackRefused, SlackAway, SlackNotAsked.
        """
        if self._identity is None:
            self._identity = asyncio.create_task(self._ask_identity())
        # One check that is cut short must not take the answer from the others.
        return await asyncio.shield(self._identity)

    async def slack(self, method: str, **arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401  # Slack's own
        """One call with the bot token.

        Raises:
            Misconfigured: there is no usable token. SlackRefused, SlackAway, SlackNotAsked.
        """
        answer: Any = await self._call(
            self.settings.bot_token, lambda client: client.api_call(method, params=arguments)
        )
        assert isinstance(answer.data, dict)
        return answer.data

    async def open_connection(self) -> None:
        """Ask for a Socket Mode ticket with the app token, and let it lapse."""
        token = self.settings.app_token
        await self._call(token, lambda client: client.apps_connections_open(app_token=token))

    async def _ask_identity(self) -> Identity:
        from bot.slack.connection import granted_scopes

        before = time.time()
        answer: Any = await self._call(self.settings.bot_token, lambda client: client.auth_test())
        local = (before + time.time()) / 2
        return Identity(
            str(answer.get("team", "")),
            str(answer["team_id"]),
            str(answer.get("user", "")),
            str(answer["user_id"]),
            granted_scopes(answer.headers),
            _ahead(local, str(answer.headers.get("Date", ""))),
        )

    async def _call(self, token: str, ask: Callable[[AsyncWebClient], Awaitable[Any]]) -> Any:  # noqa: ANN401
        from slack_sdk.errors import SlackApiError, SlackClientError
        from slack_sdk.web.async_client import AsyncWebClient

        from bot.slack.answers import UNREADABLE, code_of

        if self.offline:
            raise SlackNotAsked
        client = AsyncWebClient(token, self.settings.slack_api_url, session=self.session, retry_handlers=[])
        try:
            async with asyncio.timeout(_CALL_S):
                return await ask(client)
        except SlackApiError as error:
            code = code_of(error)
            if code in (UNREADABLE, *_PASSING):
                raise SlackAway(f"its answer was {code}") from None
            raise SlackRefused(code) from None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackAway(type(error).__name__) from None


def _ahead(local: float, date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return local - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None


@contextlib.asynccontextmanager
async def ground(
    config: Path, settings: Settings, mistakes: list[str], *, offline: bool
) -> AsyncIterator[Ground]:
    """The ground for one round of checks."""
    async with aiohttp.ClientSession(trust_env=True) as session:
        made = Ground(config, settings, session, mistakes, offline)
        try:
            yield made
        finally:
            if made._identity is not None:
                made._identity.cancel()
                await asyncio.gather(made._identity, return_exceptions=True)
