"""Messages of other bots that are alerts: only of bots and in channels that vigie.toml names. None commands.

Everything else that a bot says is not listened to. A message counts once, however often Slack delivers it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from bot.copilot.alerts import Alerts
from bot.domain.alert import Severity
from bot.errors import BadInput
from bot.settings import Settings
from bot.sources import PLAIN, SOURCES, Options

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Room:
    """One source of kind slack: a channel, and the bots whose messages in it are alerts."""

    name: str
    channel: str
    bots: frozenset[str]
    options: Options = PLAIN


def rooms_of(settings: Settings) -> list[Room]:
    """The sources of kind slack."""
    return [
        Room(
            name,
            section.channel,
            frozenset(section.bots),
            Options(
                unknown=Severity[section.severity.upper()],
                words={w.strip().lower(): Severity[s.upper()] for w, s in section.severities.items()},
            ),
        )
        for name, section in settings.file.sources.items()
        if section.kind == "slack"
    ]


class BotAlerts:
    """Takes in what allowed bots say; the row is committed before Slack gets its acknowledgement."""

    def __init__(
        self, alerts: Alerts | None, rooms: Sequence[Room], now: Callable[[], datetime] | None = None
    ) -> None:
        self._alerts, self._rooms, self._now = alerts, rooms, now

    def hear(self, body: Mapping[str, Any]) -> None:
        """A message of a bot: an alert where it is allowed to be one.

        Raises:
            StoreUnavailable: nothing was kept; Slack delivers it again.
        """
        event = body["event"]
        room = next((room for room in self._rooms if _is_from(room, event, body)), None)
        if room is None or self._alerts is None or self._now is None:
            return
        try:
            found = SOURCES["slack"](dict(event), self._now(), room.options)
        except BadInput as error:
            self._alerts.count_refused("bad input")
            log.warning("a bot's message is no alert", source=room.name, problem=error.detail)
            return
        for one in found.refused:
            log.warning("an attachment is no alert", source=room.name, problem=f"{one.place}: {one.reason}")
        own = [replace(alert, source=room.name) for alert in found.alerts]
        self._alerts.receive(own, f"{room.name}:{event['channel']}:{event['ts']}")


def _is_from(room: Room, event: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Whether it was said by an allowed bot, to everybody in the channel, and is no edit."""
    said = event.get("subtype") in (None, "", "bot_message") and not event.get("thread_ts")
    allowed = event.get("channel") == room.channel and event.get("bot_id") in room.bots
    return said and allowed and not _is_own(event, body)


def _is_own(event: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """Vigie itself, whatever was configured: an incident told must never open another one."""
    own = {given.get("user_id") for given in body.get("authorizations") or []}
    is_post = (event.get("metadata") or {}).get("event_type") == "vigie_post"
    return is_post or (event.get("user") is not None and event.get("user") in own)


NO_BOTS = BotAlerts(None, ())
