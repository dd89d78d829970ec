"""A local Slack-compatible workspace: `Workspace` and the people, channels and groups it is made of."""

from bot.playground.workspace.api import Call
from bot.playground.workspace.errors import Refused
from bot.playground.workspace.outcomes import ClickOutcome, CommandOutcome, SubmitOutcome
from bot.playground.workspace.page import Demo
from bot.playground.workspace.people import DEFAULT_EVENTS, DEFAULT_SCOPES, Channel, Person, UserGroup
from bot.playground.workspace.rates import DEFAULT_RATES, Rate
from bot.playground.workspace.server import Workspace
from bot.playground.workspace.subscriptions import ALL_EVENTS

__all__ = [
    "ALL_EVENTS",
    "DEFAULT_EVENTS",
    "DEFAULT_RATES",
    "DEFAULT_SCOPES",
    "Call",
    "Channel",
    "ClickOutcome",
    "CommandOutcome",
    "Demo",
    "Person",
    "Rate",
    "Refused",
    "SubmitOutcome",
    "UserGroup",
    "Workspace",
]
