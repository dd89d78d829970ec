"""The payloads that the app receives, key for key as Slack sends them. Pure: data in, data out."""

import time
from dataclasses import dataclass
from typing import Literal

from bot.playground.workspace.errors import Json
from bot.playground.workspace.identifiers import envelope_id, random_id
from bot.playground.workspace.people import Person
from bot.playground.workspace.team import Team

# Slack still sends this token though signatures replaced it; nothing may rely on it.
VERIFICATION_TOKEN = "verification-token-not-to-be-used"  # noqa: S105 - a fixed word, no secret

Kind = Literal["events_api", "slash_commands", "interactive"]


@dataclass(frozen=True)
class Place:
    """Where somebody clicked: a channel with a message, or a view."""

    channel: Json | None = None
    message: Json | None = None
    message_ts: str = ""
    thread_ts: str | None = None
    ephemeral: bool = False
    view: Json | None = None
    response_url: str = ""
    state: Json | None = None


def envelope(kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Json:
    """What travels over the socket; only events carry the two retry fields."""
    wrapped: Json = {
        "envelope_id": envelope_id(),
        "payload": payload,
        "type": kind,
        "accepts_response_payload": kind == "slash_commands" or payload.get("type") == "view_submission",
    }
    if kind == "events_api":
        wrapped |= {"retry_attempt": attempt, "retry_reason": reason}
    return wrapped


def event_callback(team: Team, event: Json) -> Json:
    """An Events API payload with an event_id of its own."""
    authorization = {
        "enterprise_id": None,
        "team_id": team.id,
        "user_id": team.bot.id,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "api_app_id": team.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": random_id("Ev"),
        "event_time": int(time.time()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": f"4-{random_id('', 24)}",
    }


def slash_command(
    team: Team, user: Person, channel: Json, command: str, text: str, urls: tuple[str, str]
) -> Json:
    """A slash command; `urls` are its response_url and its trigger id."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": channel["id"],
        "channel_name": channel["name"],
        "user_id": user.id,
        "user_name": user.handle,
        "command": command,
        "text": text,
        "api_app_id": team.app_id,
        "is_enterprise_install": "false",
        "response_url": urls[0],
        "trigger_id": urls[1],
    }


def block_actions(team: Team, user: Person, place: Place, action: Json, trigger_id: str) -> Json:
    """A click in a message, in an ephemeral message (its content is not sent back) or in a view."""
    payload = _interaction(team, user, "block_actions") | {
        "container": _container(place),
        "trigger_id": trigger_id,
    }
    if place.view is not None:
        return payload | {"view": place.view, "actions": [action]}
    payload |= {"channel": place.channel}
    if place.message is not None:
        payload |= {"message": place.message}
    state = {"values": place.state or {}}
    return payload | {"state": state, "response_url": place.response_url, "actions": [action]}


def message_action(
    team: Team, user: Person, place: Place, callback_id: str, trigger_id: str, action_ts: str
) -> Json:
    """A shortcut of the app, chosen in the menu of a message."""
    return _interaction(team, user, "message_action") | {
        "action_ts": action_ts,
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "response_url": place.response_url,
        "message_ts": place.message_ts,
        "message": place.message,
        "channel": place.channel,
    }


def view_submission(team: Team, user: Person, view: Json, trigger_id: str) -> Json:
    """A modal that was submitted; the view carries its state."""
    payload = _interaction(team, user, "view_submission")
    return payload | {"trigger_id": trigger_id, "view": view, "response_urls": []}


def view_closed(team: Team, user: Person, view: Json, *, cleared: bool) -> Json:
    """A modal that was dismissed, sent only when the view asked for it."""
    return _interaction(team, user, "view_closed") | {"view": view, "is_cleared": cleared}


def _interaction(team: Team, user: Person, kind: str) -> Json:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.handle, "name": user.handle, "team_id": team.id},
        "api_app_id": team.app_id,
        "token": VERIFICATION_TOKEN,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _container(place: Place) -> Json:
    if place.view is not None:
        return {"type": "view", "view_id": place.view["id"]}
    container: Json = {
        "type": "message",
        "message_ts": place.message_ts,
        "channel_id": place.channel["id"] if place.channel else "",
        "is_ephemeral": place.ephemeral,
    }
    return container | ({"thread_ts": place.thread_ts} if place.thread_ts else {})
