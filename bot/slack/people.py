"""Who may use Vigie at all: full members of the own workspace, read from Slack and kept for a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.person import Person
from bot.errors import Refused, Stranger
from bot.slack.answers import NO_ANSWER, code_of
from bot.slack.refusals import PERSON

_KEPT_S = 60.0
_GUEST = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted", "is_bot")


class People:
    """Tells members from guests and strangers; who cannot be told is treated as a stranger."""

    def __init__(
        self,
        client: AsyncWebClient,
        own_team: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._own_team = own_team
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, bool]] = {}
        self._names: dict[str, str] = {}

    async def member(self, team_id: str, user_id: str) -> Person:
        """The person, if they are a full member of this workspace.

        Raises:
            Stranger: a guest, a bot, somebody of another workspace, or nobody.
            Refused: Slack cannot say who it is now.
        """
        if not team_id or not user_id:
            raise Stranger("Slack did not say who you are.")
        standing = await self.standing(team_id, user_id)
        if standing is None:
            raise Refused("Slack cannot say who you are right now. Nothing was done: try again.")
        if not standing:
            raise Stranger("Guests and people of other workspaces can look, but not use Vigie.")
        return Person(team_id, user_id)

    async def standing(self, team_id: str, user_id: str) -> bool | None:
        """True for a full member of this workspace, False for anybody else, None if Slack does not say."""
        own = self._own_team()
        if not own:
            return None  # until Slack has said which team is ours, nobody is a stranger
        return await self._read(user_id) if team_id == own else False

    @property
    def own_team(self) -> str:
        """The workspace's id; empty until Slack has said it."""
        return self._own_team()

    async def name(self, user_id: str) -> str:
        """What a person is called; `somebody` where Slack does not say."""
        if user_id not in self._names:
            await self._read(user_id)
        return self._names.get(user_id, "somebody")

    async def _read(self, user_id: str) -> bool | None:
        now = self._monotonic()
        at, full = self._known.get(user_id, (float("-inf"), False))
        if now - at <= _KEPT_S:
            return full
        try:
            user = (await self._client.users_info(user=user_id))["user"]
        except SlackApiError as error:
            return False if code_of(error) in PERSON else None
        except NO_ANSWER:
            return None
        self._names[user_id] = _name(user)
        full = user["id"] == user_id and not any(user.get(flag) for flag in _GUEST)
        self._known[user_id] = (now, full)
        return full


def _name(user: Mapping[str, Any]) -> str:
    """As the workspace shows it, on one line."""
    profile = user.get("profile") or {}
    shown = profile.get("display_name") or profile.get("real_name") or user.get("name") or "somebody"
    return " ".join(str(shown).replace("*", "").split())[:80] or "somebody"
