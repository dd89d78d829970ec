"""Files in a thread: a long output, a chart. Uploaded once, found by the name where the answer was lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.records import Post
from bot.slack.blocks.parts import Block

_PAGES = 10


@dataclass(frozen=True, slots=True)
class File:
    """What is uploaded. `comment` stands beside it: our own words, or rich text (`blocks`) in their place."""

    content: str | bytes
    title: str = ""
    alt_text: str = ""
    comment: str = ""
    blocks: tuple[Block, ...] = ()


def file_name(post: Post) -> str:
    """One of its own within a thread, the same at each try; a chart's says of which points it is."""
    return f"{post.key.replace(':', '-')}.png" if post.kind == "chart" else f"P{post.subject}-output.txt"


async def is_there(client: AsyncWebClient, post: Post, channel_id: str, thread_ts: str) -> bool:
    """Whether a message of the thread carries it already.

    Raises:
        SlackApiError: Slack does not say.
    """
    cursor = ""
    for _ in range(_PAGES):
        answer = await client.conversations_replies(
            channel=channel_id, ts=thread_ts, limit=200, cursor=cursor
        )
        if file_name(post) in (f.get("name") for m in answer["messages"] for f in m.get("files", [])):
            return True
        cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            break
    return False


async def upload(client: AsyncWebClient, post: Post, channel_id: str, thread_ts: str, file: File) -> None:
    """Share it in the thread.

    Raises:
        SlackApiError: Slack refuses it.
        SlackRequestError: Slack does not take its content now.
    """
    beside: dict[str, Any] = {"initial_comment": file.comment}
    if file.blocks:  # Slack shows blocks only where there is no comment
        beside = {"blocks": json.dumps(list(file.blocks))}
    await client.files_upload_v2(
        channel=channel_id,
        thread_ts=thread_ts or None,
        filename=file_name(post),
        title=file.title or file_name(post),
        alt_txt=file.alt_text or None,
        content=file.content,
        request_file_info=False,
        **beside,
    )
