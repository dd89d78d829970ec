"""Finds the channel that plays a role, by its name if it is public; a private one is named by its id.

A person's id becomes that of the direct messages with them: their history is to be read under it alone.
"""

from __future__ import annotations

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.answers import NO_ANSWER, UNREADABLE, code_of

_ID_PREFIXES = ("C", "G", "D")
_PERSON_PREFIXES = ("U", "W")
_UNTOLD = (SlackApiError, SlackClientError, *NO_ANSWER)


class Channels:
    """Roles to channel ids, resolved when first needed and kept until Slack objects."""

    def __init__(self, client: AsyncWebClient, names: dict[str, str]) -> None:
        self._client = client
        self._names = {role: name.removeprefix("#") for role, name in names.items()}
        self._ids: dict[str, str] = {}
        self._refused: dict[str, str] = {}

    async def resolve(self, channel: str) -> str:
        """The id of a role's channel or of direct messages, or the id itself; empty when unknown now."""
        is_role = channel in self._names
        if not is_role and not channel.startswith(_PERSON_PREFIXES):
            return channel if channel.startswith(_ID_PREFIXES) else ""
        if channel not in self._ids:
            self._refused.pop(channel, None)
            found = await (self._look_up(channel) if is_role else self._open(channel))
            if found:
                self._ids[channel] = found
        return self._ids.get(channel, "")

    def refused(self, channel: str) -> str:
        """Slack's word for why the channel was not found just now; empty when Slack did not say."""
        return self._refused.get(channel, "")

    def is_role(self, channel: str) -> bool:
        return channel in self._names

    def name(self, role: str) -> str:
        """How people know the channel of a role: `#incidents`, or `channel C012`."""
        name = self._names[role]
        return f"channel {name}" if is_id(name) else f"#{name}"

    def forget(self, channel: str) -> None:
        """Look the channel up again next time."""
        self._ids.pop(channel, None)

    async def _open(self, person: str) -> str:
        try:
            return str((await self._client.conversations_open(users=person))["channel"]["id"])
        except _UNTOLD as error:
            self._note(person, error)
            return ""

    async def _look_up(self, role: str) -> str:
        name = self._names[role]
        if is_id(name):
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
                    self._refused[role] = "channel_not_found"
                    return ""
        except _UNTOLD as error:
            self._note(role, error)
            return ""

    def _note(self, channel: str, error: Exception) -> None:
        if isinstance(error, SlackApiError) and code_of(error) != UNREADABLE:
            self._refused[channel] = code_of(error)


def is_id(name: str) -> bool:
    """Whether a channel is named by its id."""
    return name.startswith(_ID_PREFIXES) and name.isupper()
