"""The channel where incidents are told, by all that a document may call it: its role, its id, its #name."""

from __future__ import annotations

import time
from collections.abc import Callable

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.announcements import INCIDENTS
from bot.slack.channels import is_id

KEPT_S, AGAIN_S = 300.0, 30.0
_PAGES = 20

# What vigie.toml says (a name or an id) -> the other one as Slack has it now, "" where there is none. Raises
# what Slack raises.
LookUp = Callable[[str], str]
UNTOLD = (SlackApiError, SlackClientError, OSError)


class IncidentsChannel:
    """Its names, of which vigie.toml gives one; Slack gives the other, which is kept for some minutes.

    Another channel of that name, or one that has had the role before, is not it: the id counts that Slack has
    now.
    """

    def __init__(
        self, configured: str, look_up: LookUp, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._configured = configured.removeprefix("#")
        self._look_up = look_up
        self._monotonic = monotonic
        self._next = float("-inf")
        self._other = ""
        self._told = False

    @property
    def id(self) -> str:
        """Its id, empty where only Slack knows it."""
        return self._configured if is_id(self._configured) else ""

    def names(self) -> tuple[frozenset[str], bool]:
        """All its names that are known now, and whether its id is among them, which Slack may have to say.
        Blocks.
        """
        if self._monotonic() >= self._next:
            try:
                self._other, self._told = self._look_up(self._configured), True
            except UNTOLD:
                # Who is let in rests on it, so that nothing old counts.
                self._other, self._told = "", False
            self._next = self._monotonic() + (KEPT_S if self._told else AGAIN_S)
        own = {self._configured if self.id else f"#{self._configured}"}
        other = {f"#{self._other}" if self.id else self._other} if self._other else set()
        return frozenset({INCIDENTS, *own, *other}), self._told or bool(self.id)


def look_up_by(token: str, api_url: str) -> LookUp:
    """Asks Slack: the id of a public channel's name, or the name of an id."""
    client = WebClient(token=token, base_url=api_url, timeout=5)

    def look_up(configured: str) -> str:
        if is_id(configured):
            return str(client.conversations_info(channel=configured)["channel"]["name"])
        cursor = ""
        for _ in range(_PAGES):
            page = client.conversations_list(
                types="public_channel", exclude_archived=True, limit=1000, cursor=cursor
            )
            for channel in page["channels"]:
                if channel["name"] == configured:
                    return str(channel["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                break
        return ""

    return look_up
