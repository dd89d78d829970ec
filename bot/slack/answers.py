"""How Slack answers when it does not do what was asked: its word for it, or no answer at all."""

from __future__ import annotations

import asyncio

import aiohttp
from slack_sdk.errors import SlackApiError

UNREADABLE = "unreadable"
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError)


def code_of(error: SlackApiError) -> str:
    """Slack's word for why it refused; `UNREADABLE` when the answer was no JSON, so that nobody can tell."""
    # The library then hands out the web library's own response, which has no fields.
    return str(error.response.get("error", "unknown")) if hasattr(error.response, "get") else UNREADABLE
