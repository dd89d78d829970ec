"""What is known of a channel: may everybody read it, and is Vigie in it? What is not known is private."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answers import NO_ANSWER

_KEPT_S, _WITHIN_S = 300.0, 1.0


@dataclass(frozen=True, slots=True)
class Room:
    """One channel. `is_public`: every full member may read it."""

    id: str
    is_public: bool = False
    is_member: bool = False

    @property
    def is_direct(self) -> bool:
        return self.id.startswith("D")

    def access(self, user_id: str) -> tuple[str, ...]:
        """Who may know what was said there: everybody, the channel, or the one person."""
        if self.is_public:
            return ()
        return (user_id,) if self.is_direct else (self.id,)


class Rooms:
    """Asks Slack and keeps the answer for some minutes; what cannot be told is private for now."""

    def __init__(
        self, client: AsyncWebClient | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, Room]] = {}

    async def of(self, channel: str) -> Room:
        """The channel of this id."""
        if channel.startswith("D"):
            return Room(channel, is_member=True)
        at, room = self._known.get(channel, (float("-inf"), Room(channel)))
        if self._client is None or self._monotonic() - at <= _KEPT_S:
            return room
        try:
            async with asyncio.timeout(_WITHIN_S):
                said = (await self._client.conversations_info(channel=channel))["channel"]
        except (SlackApiError, TimeoutError, *NO_ANSWER):
            return Room(channel)
        shared = said.get("is_private") or said.get("is_ext_shared") or said.get("is_mpim")
        is_public = bool(said.get("is_channel")) and not shared and said.get("id") == channel
        room = Room(channel, is_public, bool(said.get("is_member")))
        self._known[channel] = (self._monotonic(), room)
        return room


NO_ROOMS = Rooms(None)
