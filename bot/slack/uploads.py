"""Files in a thread: a long output, a chart. Uploaded once, found by the name where the answer was lost."""

from __future__ import annotations

import json
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.records import Post
from bot.slack.blocks.parts import Block
from bot.slack.finding import find


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
    name = file_name(post)
    found = await find(
        client, channel_id, thread_ts, lambda one: name in (file.get("name") for file in one.get("files", []))
    )
    return found is not None


async def upload(client: AsyncWebClient, post: Post, channel_id: str, thread_ts: str, file: File) -> None:
    """Share it in the thread, in the three steps that Slack asks for.

    By hand, as the library puts all arguments into the address: words for one chart can be too long for that.

    Raises:
        SlackApiError: Slack refuses it.
        SlackRequestError: Slack does not take its content now.
    """
    content = file.content.encode() if isinstance(file.content, str) else file.content
    place = {"filename": file_name(post), "length": str(len(content)), "alt_txt": file.alt_text}
    offered = await client.api_call("files.getUploadURLExternal", data=_given(place))
    await _send(client, str(offered["upload_url"]), content)
    named = [{"id": offered["file_id"], "title": file.title or file_name(post)}]
    shared = {"files": json.dumps(named), "channel_id": channel_id, "thread_ts": thread_ts}
    # Slack shows blocks only where there is no comment.
    beside = {"blocks": json.dumps(list(file.blocks))} if file.blocks else {"initial_comment": file.comment}
    await client.api_call("files.completeUploadExternal", data=_given(shared | beside))


async def _send(client: AsyncWebClient, url: str, content: bytes) -> None:
    """The content itself, to where Slack wants it; until the last step nobody sees it."""
    session = client.session
    assert session is not None, "one session is shared by all that talks to Slack"
    within = aiohttp.ClientTimeout(client.timeout)
    async with session.post(
        url, data=content, proxy=client.proxy, ssl=client.ssl or True, timeout=within
    ) as answer:
        if answer.status != 200:
            raise SlackRequestError(f"the content of a file was answered with status {answer.status}")


def _given(arguments: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in arguments.items() if value}
