"""A long output as a file in the thread: uploaded once, found again by its name where the answer was lost."""

from __future__ import annotations

from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.records import Post


def file_name(post: Post) -> str:
    return f"P{post.subject}-output.txt"


async def is_there(client: AsyncWebClient, post: Post, channel_id: str, thread_ts: str) -> bool:
    """Whether a message of the thread carries it already.

    Raises:
        SlackApiError: Slack does not say.
    """
    answer = await client.conversations_replies(channel=channel_id, ts=thread_ts, limit=200)
    names = (file.get("name") for message in answer["messages"] for file in message.get("files", []))
    return file_name(post) in names


async def upload(
    client: AsyncWebClient, post: Post, channel_id: str, thread_ts: str, comment: str, content: str
) -> None:
    """Share it in the thread.

    Raises:
        SlackApiError: Slack refuses it.
    """
    await client.files_upload_v2(
        channel=channel_id,
        thread_ts=thread_ts or None,
        filename=file_name(post),
        title=file_name(post),
        content=content,
        initial_comment=comment,
        request_file_info=False,
    )
