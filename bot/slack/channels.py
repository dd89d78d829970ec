"""Finds the channel that plays a role, by its name if it is public; a private one is named by its id.

A person's id becomes that of the direct messages with them: their history is to be read under it alone.
"""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

UNREADABLE = "unreadable"
_ID_PREFIXES = ("C", "G", "D")
_PERSON_PREFIXES = ("U", "W")
_UNTOLD = (SlackApiError, SlackClientError, aiohttp.ClientError, OSError, TimeoutError)


def code_of(error: SlackApiError) -> str:
    """Slack's word for why it refused; `UNREADABLE` when the answer was no JSON, so that nobody can tell."""
    # The library then hands out the web library's own response, which has no fields.
    return str(error.response.get("error", "unknown")) if hasattr(error.response, "get") else UNREADABLE


class Channels:
    """Roles to channel ids, resolved when first needed and kept until Slack objects."""

    def __init__(self, client: AsyncWebClient, names: dict[str, str]) -> None:
        self._client = client
        self._names = {role: name.removeprefix("#") for role, name in names.items()}
        self._ids: dict[str, str] = {}

    async def resolve(self, channel: str) -> str:
        """The id of a role's channel or of direct messages, or the id itself; empty when unknown now."""
        is_role = channel in self._names
        if not is_role and not channel.startswith(_PERSON_PREFIXES):
            return channel if channel.startswith(_ID_PREFIXES) else ""
        if channel not in self._ids:
            found = await (self._look_up(self._names[channel]) if is_role else self._open(channel))
            if found:
                self._ids[channel] = found
        return self._ids.get(channel, "")

    def forget(self, channel: str) -> None:
        """Look the channel up again next time."""
        self._ids.pop(channel, None)

    async def _open(self, person: str) -> str:
        try:
            return str((await self._client.conversations_open(users=person))["channel"]["id"])
        except _UNTOLD:
            return ""

    async def _look_up(self, name: str) -> str:
        if name.startswith(_ID_PREFIXES) and name.isupper():
            return name
        cursor = ""
        try:
            while True:
                page = await self._client.conversations_list(
                    types="public_channel", exclude_archived=True, limit=200, cursor=cursor
                )
                for channel in page["channels"]:
                    if channel["name"] == name:
                        return str(channel["id"])
                cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
                if not cursor:
                    return ""
        except _UNTOLD:
            return ""
