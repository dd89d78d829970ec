"""Looks in Slack for a message whose answer was lost, so that it is not sent twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

_PAGE, _PAGES = 200, 10
Message = Mapping[str, Any]


async def find(
    client: AsyncWebClient, channel_id: str, thread_ts: str, is_it: Callable[[Message], bool]
) -> Message | None:
    """The first message of a thread, or without one of the channel, that `is_it`: of 2,000 at most.

    Raises:
        SlackApiError: Slack does not say.
        aiohttp.ClientError, TimeoutError, OSError: it does not answer (`bot.slack.answers.NO_ANSWER`).
    """
    place: dict[str, Any] = {"channel": channel_id, "limit": _PAGE, "include_all_metadata": True}
    cursor = ""
    for _ in range(_PAGES):
        if thread_ts:
            # Slack gives replies oldest first, so what we look for stands on the last page.
            answer = await client.conversations_replies(ts=thread_ts, cursor=cursor, **place)
        else:
            answer = await client.conversations_history(cursor=cursor, **place)
        for message in answer["messages"]:
            if is_it(message):
                return dict(message)
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            break
    return None
