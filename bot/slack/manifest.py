"""The app manifest, derived from what the code asks for and listens to, so that it cannot drift from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.slack import listeners
from bot.slack.commands import COMMANDS
from bot.slack.connection import SCOPES
from bot.slack.edge import Edge

URL_PATH = "/slack/events"
# What the agent view itself asks for; Vigie makes no call that needs it and starts without it.
AGENT_SCOPES = ("assistant:write",)
# Without it everything works but one thing: a difference that is too long for a form cannot be signed.
FILE_SCOPES = ("files:write",)
# Without it what is saved in a private channel is told to who saved it, directly, and not in that channel.
ROOM_SCOPES = ("groups:read",)

# What each scope is for; `vigie init` writes it into the README that it leaves behind.
SCOPE_REASONS = {
    "app_mentions:read": "questions by @mention",
    "assistant:write": "Slack asks for it with the agent view; Vigie makes no call with it",
    "channels:history": "finding a message again whose answer was lost; a thread that somebody saves",
    "channels:read": "finding the channel for incidents by its name; telling public channels from private",
    "chat:write": "incidents, diagnoses, proposals, answers",
    "commands": "/vigie",
    "files:write": "charts, the whole output of an action, a difference too long for its form",
    "groups:history": "the same as channels:history where the channel is private",
    "groups:read": "telling a private channel that Vigie is in, so that what is saved there is told there",
    "im:history": "questions in direct messages",
    "im:write": "direct messages to who waits for an answer or has to sign",
    "usergroups:read": "who is in the user group of those who may sign",
    "users:read": "telling full members from guests",
}

# How people find each shortcut in the menu of a message: its name (24 characters) and what it does (150).
SHORTCUTS = {
    "save_knowledge": (
        "Save as knowledge",
        "Save this message, or its thread, as a runbook, an incident or a note",
    ),
    "open_incident": (
        "Open an incident",
        "This message as an incident: it is told and investigated at once",
    ),
    "propose_action": ("Propose an action", "Choose an action for this incident; N3 signs it before it runs"),
}

# What the events of bolt's listeners are called in a manifest, where that differs.
_EVENTS = {"message": "message.im"}


def manifest(url: str = "") -> dict[str, Any]:
    """The manifest as Slack takes it, for Socket Mode, or for HTTP where `url` is Vigie's public address."""
    command_names, events, shortcuts = listened()
    request = f"{url.rstrip('/')}{URL_PATH}"
    at = {"request_url": request} if url else {}
    return {
        "display_information": {
            "name": "Vigie",
            "description": "Incident copilot: diagnoses with sources, runs only what was signed",
            "background_color": "#1f3a4d",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": "app_home_opened" in events,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "agent_view": _agent_view(),
            "bot_user": {"display_name": "Vigie", "always_online": True},
            "shortcuts": [_shortcut(name) for name in shortcuts],
            "slash_commands": [_command(name, request if url else "") for name in command_names],
        },
        "oauth_config": {"scopes": {"bot": sorted({*SCOPES, *AGENT_SCOPES, *FILE_SCOPES, *ROOM_SCOPES})}},
        "settings": {
            "event_subscriptions": {**at, "bot_events": events},
            "interactivity": {"is_enabled": True, **at},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def listened() -> tuple[list[str], list[str], list[str]]:
    """The slash commands, the events by their names in a manifest, and the message shortcuts."""
    app = _Recorder(token="xoxb-none")  # noqa: S106  # it never connects
    # Registering only ties listeners to the edge; none of them runs.
    listeners.register(app, cast(Edge, None))
    events = sorted({_EVENTS.get(name, name) for name in app.events})
    return sorted(set(app.commands)), events, sorted(set(app.shortcuts))


_Decorator = Callable[..., Callable[..., Awaitable[BoltResponse | None]] | None]


class _Recorder(AsyncApp):
    """Bolt's app, remembering what is registered."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401  # bolt's own arguments
        self.commands: list[str] = []
        self.events: list[str] = []
        self.shortcuts: list[str] = []
        super().__init__(**given)

    def command(self, command: Any, *args: Any, **given: Any) -> _Decorator:  # noqa: ANN401
        self.commands.append(str(command))
        return super().command(command, *args, **given)

    def message_shortcut(self, callback_id: Any, *args: Any, **given: Any) -> _Decorator:  # noqa: ANN401
        self.shortcuts.append(str(callback_id))
        return super().message_shortcut(callback_id, *args, **given)

    def event(self, event: Any, *args: Any, **given: Any) -> _Decorator:  # noqa: ANN401
        self.events.append(str(event["type"] if isinstance(event, dict) else event))
        return super().event(event, *args, **given)


def _agent_view() -> dict[str, Any]:
    return {
        "agent_description": "Ask Vigie about incidents, runbooks and what is open right now.",
        "suggested_prompts": [
            {"title": "What is open?", "message": "What is open right now?"},
            {"title": "Have we seen this before?", "message": "Orders are stuck. Have we seen this before?"},
        ],
    }


def _shortcut(name: str) -> dict[str, Any]:
    shown, about = SHORTCUTS[name]
    return {"name": shown, "type": "message", "callback_id": name, "description": about}


def _command(name: str, url: str) -> dict[str, Any]:
    entry = {
        "command": name,
        "description": "The incident copilot; begin with /vigie help",
        "usage_hint": " | ".join(_hints())[:100],
        "should_escape": False,
    }
    return {**entry, "url": url} if url else entry


def _hints() -> Iterator[str]:
    for name, (usage, _, _) in COMMANDS.items():
        yield name if usage == name else f"{name} …"
