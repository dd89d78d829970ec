"""How Slack answers when it does not do what was asked: its word for it, or no answer at all."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError

UNREADABLE = "unreadable"
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError)


def code_of(error: SlackApiError) -> str:
    """Slack's word for why it refused; `UNREADABLE` when the answer was no JSON, so that nobody can tell."""
    # The library then hands out the web library's own response, which has no fields.
    return str(error.response.get("error", "unknown")) if hasattr(error.response, "get") else UNREADABLE


def is_no_word(error: SlackApiError) -> bool:
    """Whether Slack wants it slower, is in trouble or cannot be read: nothing was said of what was asked."""
    return may_be_done(error) or error.response.status_code == 429


def may_be_done(error: SlackApiError) -> bool:
    """Whether Slack may have done it all the same, as the answer does not come from whoever does it."""
    return code_of(error) == UNREADABLE or error.response.status_code >= 500


def retry_after(error: SlackApiError) -> timedelta:
    """How long Slack asks to wait."""
    return timedelta(seconds=float(error.response.headers.get("Retry-After", 1)))
